import type { GroupKey } from '../answers.ts';

/** One value of the property that an answer is split by. */
export type NamedGroup = {
  /** As text; null where there is none, and for the others. */
  readonly value: string | null;
  /** Takes all values together that are not among the top. */
  readonly others?: true;
};

export function groupName({ value, others }: GroupKey): NamedGroup {
  return { value: value ?? null, ...(others ? { others: true } : {}) };
}

export function isSameGroup(one: GroupKey, other: GroupKey): boolean {
  return (one.value ?? null) === (other.value ?? null) && (one.others ?? false) === (other.others ?? false);
}

/** How people read a group. */
export function groupText({ value, others }: NamedGroup): string {
  return others ? '(others)' : (value ?? '(none)');
}

/** Rows by their group, in the order in which groups first come. */
export function groupsOf<Row extends GroupKey>(
  rows: readonly Row[],
): readonly { readonly key: GroupKey; readonly rows: readonly Row[] }[] {
  const groups = new Map<string, { key: GroupKey; rows: Row[] }>();
  for (const row of rows) {
    const text = JSON.stringify([row.others ?? false, row.value ?? null]);
    const group = groups.get(text);
    if (group === undefined) groups.set(text, { key: row, rows: [row] });
    else group.rows.push(row);
  }
  return [...groups.values()];
}
