export type Value = string | number | boolean | null | readonly (string | number)[];

/** A column that is not as the log says. A row that only one side has is the column `row`. */
export type Difference = {
  readonly section: string;
  /** Environment and ids of the row, in words. */
  readonly key: string;
  readonly column: string;
  readonly log: Value;
  readonly found: Value;
};

export const ROW = 'row';
export const PRESENT = 'present';
export const ABSENT = 'absent';

/** A row that differs. */
export type DifferentRow = {
  readonly environment: number;
  /** Device, user or account the row belongs to. */
  readonly id: number;
  readonly key: string;
  readonly columns: readonly { readonly column: string; readonly log: Value; readonly found: Value }[];
};

export type Comparison = { readonly compared: number; readonly different: readonly DifferentRow[] };

/** Rows of one kind, compared. */
export type SectionResult = {
  readonly section: string;
  readonly compared: number;
  readonly equal: number;
  readonly different: number;
  /** Rows that a record after the cut may have changed: not compared. */
  readonly changedLater: number;
};

const MOST_DIFFERENCES = 20;
/** Columns that are named of one row: a row that is all wrong does not hide the others. */
const MOST_COLUMNS = 3;

/** The columns of an expected row that a found one has otherwise. */
export function differentColumns(
  expected: Readonly<Record<string, unknown>>,
  found: Readonly<Record<string, unknown>>,
  columns: readonly string[],
): DifferentRow['columns'] {
  return columns
    .filter((column) => JSON.stringify(expected[column]) !== JSON.stringify(found[column]))
    .map((column) => ({
      column,
      log: (expected[column] ?? null) as Value,
      found: (found[column] ?? null) as Value,
    }));
}

export function onlyInLog(row: Omit<DifferentRow, 'columns'>): DifferentRow {
  return { ...row, columns: [{ column: ROW, log: PRESENT, found: ABSENT }] };
}

export function onlyFound(row: Omit<DifferentRow, 'columns'>): DifferentRow {
  return { ...row, columns: [{ column: ROW, log: ABSENT, found: PRESENT }] };
}

/** What was compared so far, and the first differences of each section. */
export class Findings {
  readonly #sections = new Map<string, { compared: number; different: number; changedLater: number }>();
  readonly #differences: Difference[] = [];

  /** Adds a comparison to a section; rows that `isChangedLater` are set aside. */
  add(
    section: string,
    { compared, different }: Comparison,
    isChangedLater: (row: DifferentRow) => boolean = () => false,
  ): void {
    const sums = this.#sections.getOrInsertComputed(section, () => ({
      compared: 0,
      different: 0,
      changedLater: 0,
    }));
    sums.compared += compared;
    for (const row of different) {
      if (isChangedLater(row)) {
        sums.changedLater += 1;
        continue;
      }
      sums.different += 1;
      for (const column of row.columns.slice(0, MOST_COLUMNS))
        this.#note({ section, key: row.key, ...column });
    }
  }

  /** Differences beyond this many are counted and not kept. */
  isFull(section: string): boolean {
    return this.#differences.filter((one) => one.section === section).length >= MOST_DIFFERENCES;
  }

  #note(difference: Difference): void {
    if (!this.isFull(difference.section)) this.#differences.push(difference);
  }

  sections(): SectionResult[] {
    return [...this.#sections].map(([section, { compared, different, changedLater }]) => ({
      section,
      compared,
      equal: compared - different - changedLater,
      different,
      changedLater,
    }));
  }

  /** At most 20, from every section in turn: one that is all wrong does not hide the others. */
  first(): Difference[] {
    const bySection = [...Map.groupBy(this.#differences, ({ section }) => section).values()];
    const longest = Math.max(0, ...bySection.map((list) => list.length));
    const rounds = Array.from({ length: longest }, (_, at) => bySection.flatMap((list) => list[at] ?? []));
    const kept = new Set(rounds.flat().slice(0, MOST_DIFFERENCES));
    return this.#differences.filter((one) => kept.has(one));
  }
}
