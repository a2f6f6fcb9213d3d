/**
 * A question as ClickHouse gets it. The text is made of this repository's own words and of numbers; whatever
 * came from outside is a parameter, written `{name:Type}` in the text, and never part of it.
 */
export type Query = {
  readonly sql: string;
  readonly params: Readonly<Record<string, string | number | readonly (string | number)[]>>;
};

/** Asks one query, and gives the rows of its answer. */
export type Ask = <Row>(query: Query) => Promise<readonly Row[]>;
