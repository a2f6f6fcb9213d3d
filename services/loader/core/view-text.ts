import { identifier } from '#lib/clickhouse/sql-text.ts';
import { LIVE_GENERATION } from './resolver-sql.ts';

/*
 * Views of a readers' database, in the schema that users of Heap Connect know: empty text and absent ids are NULL,
 * and a column Cairn has no value for exists as NULL. Only rows of the live generation show.
 */

/** An environment as far as its views need it. */
export type ViewEnvironment = { readonly number: number; readonly name: string };

/** Empty text is NULL. */
export const text = (column: string) => `nullIf(${column}, '')`;
/** Id 0 is NULL. */
export const id = (column: string) => `nullIf(${column}, 0)`;
/** Time 0 is NULL. */
export const moment = (column: string) => `nullIf(${column}, toDateTime64(0, 3, 'UTC'))`;
/** What Heap has and Cairn has no value for. */
export const ABSENT = "CAST(NULL, 'Nullable(String)')";

/** `expression AS column` lists, from pairs. */
export const select = (columns: readonly (readonly [column: string, expression: string])[]) =>
  columns.map(([column, expression]) => `${expression} AS ${identifier(column)}`).join(',\n  ');

/**
 * The statement that makes a view of an environment or replaces it. What a reader says of outer joins is for the
 * reader's own: dbt sets it, and a view with a join would be refused.
 */
export const view = (environment: ViewEnvironment, name: string, query: string) =>
  `CREATE OR REPLACE VIEW ${identifier(environment.name)}.${identifier(name)} AS\n${query}\nSETTINGS join_use_nulls = 0`;

/** Condition for the rows of an environment in the live generation. */
export const rowsOf = (alias: string, { number }: ViewEnvironment) =>
  `${alias}.generation = ${LIVE_GENERATION} AND ${alias}.environment = ${number}`;

/** Columns that exist as NULL. */
export const absent = (...columns: readonly string[]) => columns.map((column) => [column, ABSENT] as const);
