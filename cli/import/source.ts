/** Values of a row by the name of their column, as the file's format gives them. */
export type Values = Readonly<Record<string, unknown>>;

/** Why a row is not sent, or what the collector said of it. */
export type RowRefusal = { readonly code: string; readonly message: string };

/** A row of a file, counted from 1; in JSON lines a row is a line. */
export type SourceRow =
  | { readonly row: number; readonly values: Values }
  | { readonly row: number; readonly refusal: RowRefusal; readonly text: string };

/** A file that is being read. */
export type Source = {
  /** Names of the columns, where the file says them before its rows. */
  readonly columns: readonly string[] | undefined;
  /** Rows in the file's order, some at a time. Ends the reading when it is left early. */
  readonly rows: AsyncIterable<readonly SourceRow[]>;
  /** Share of the file that was read, 0..1; undefined where its size is not known. */
  share(): number | undefined;
};

export function isRefusedRow(row: SourceRow): row is Extract<SourceRow, { refusal: RowRefusal }> {
  return 'refusal' in row;
}
