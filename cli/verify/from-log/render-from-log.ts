import { renderTable, thousands } from '../../table.ts';
import type { FromLog } from './check-from-log.ts';
import { ROW, type Value } from './findings.ts';

const COLUMNS = [
  { title: 'from the log' },
  ...['compared', 'equal', 'different', 'changed later'].map((title) => ({ title, right: true })),
];

/** Presence and counts as words, everything else as JSON: an empty text is to be seen. */
const text = (column: string, value: Value) => (column === ROW ? String(value) : JSON.stringify(value));

/** What was compared and the first differences, to be read. */
export function renderFromLog(result: FromLog): string {
  const { records, recordsPerSecond, sections, differences, rangesNotLookedInto, collisions, ok } = result;
  const table = renderTable(
    COLUMNS,
    sections.map(({ section, compared, equal, different, changedLater }) => [
      section,
      ...[compared, equal, different, changedLater].map(thousands),
    ]),
  );
  const lines = differences.map(
    ({ section, key, column, log, found }) =>
      `${section}: ${key}: ${column}: the log says ${text(column, log)}, found ${text(column, found)}`,
  );
  if (rangesNotLookedInto > 0)
    lines.push(`${thousands(rangesNotLookedInto)} more ranges of offsets differ and were not looked into`);
  for (const { environment, userId, identities } of collisions)
    lines.push(
      `User id ${userId} (environment ${environment}) is that of several identities: ${identities.map((one) => JSON.stringify(one)).join(', ')}`,
    );
  const folded = `Folded ${thousands(records)} records, ${thousands(recordsPerSecond)} a second.`;
  const verdict = ok ? 'ClickHouse has what the log says.' : 'ClickHouse differs from the log.';
  return [table, ...lines.map((line) => `${line}\n`), `${folded} ${verdict}\n`].join('');
}
