import { thousands } from '../table.ts';
import type { Line } from './figures.ts';

export type DemoResult = {
  readonly ok: boolean;
  readonly seed: string;
  readonly events: number;
  readonly requests: number;
  readonly retries: number;
  readonly startMs: number;
  readonly sendMs: number;
  readonly loadMs: number;
  readonly totalMs: number;
  readonly lines: readonly Line[];
  /** What the accounting found wrong, in words. */
  readonly problems: readonly string[];
};

const LABEL_WIDTH = 44;
const NUMBER_WIDTH = 14;

/** The whole answer for people: every figure beside the truth, retention as a triangle, the verdict last. */
export function formatReport(result: DemoResult): string {
  const { lines, seed, events, requests, retries } = result;
  const head = `${''.padEnd(LABEL_WIDTH)}${'truth'.padStart(NUMBER_WIDTH)}${'found'.padStart(NUMBER_WIDTH)}`;
  const parts = [head, ...Map.groupBy(lines, ({ section }) => section)].map((part) =>
    typeof part === 'string' ? part : formatSection(part[0], part[1]),
  );
  const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
  const timing =
    `Seed ${seed}: ${thousands(events)} events in ${thousands(requests)} requests, ${thousands(retries)} of them sent again; ` +
    `start ${seconds(result.startMs)}, sending ${seconds(result.sendMs)}, ` +
    `until loaded ${seconds(result.loadMs)}, all ${seconds(result.totalMs)}.`;
  return `${[...parts, timing, verdictOn(result)].join('\n\n')}\n`;
}

function verdictOn({ ok, lines, problems }: DemoResult): string {
  if (ok) return `All ${lines.length} figures add up.`;
  const wrong = lines.filter((line) => !line.ok);
  return [
    `${wrong.length} of ${lines.length} figures do not add up:`,
    ...wrong.map(
      ({ section, label, expected, actual }) =>
        `  ${section} | ${label}: truth ${thousands(expected)}, found ${thousands(actual)}`,
    ),
    ...problems.map((problem) => `  ${problem}`),
  ].join('\n');
}

function formatSection(section: string, lines: readonly Line[]): string {
  if (section === 'retention') return formatRetention(lines);
  return [section, ...lines.map(formatLine)].join('\n');
}

function formatLine({ label, expected, actual, ok }: Line): string {
  const remark = ok ? (actual === expected ? '' : '  (some were sent again)') : '  <-- differs';
  const numbers = [expected, actual].map((number) => thousands(number).padStart(NUMBER_WIDTH)).join('');
  return `  ${label.padEnd(LABEL_WIDTH - 2)}${numbers}${remark}`;
}

/** One row for each cohort; a cell that differs from the truth shows both. */
function formatRetention(lines: readonly Line[]): string {
  const cohorts = Map.groupBy(lines, ({ label }) => label.split(', ')[0]!);
  const rows = [...cohorts].map(([day, cells]) => {
    const texts = cells.map(({ expected, actual, ok }) =>
      (ok ? String(actual) : `${actual}(${expected})`).padStart(8),
    );
    return `  ${day}${texts.join('')}`;
  });
  const columns = ([...cohorts.values()][0] ?? []).map(({ label }) => label.split(', ')[1]!.padStart(8));
  return [
    'retention: people who saw a page again, by day of their first',
    `  ${''.padEnd(10)}${columns.join('')}`,
    ...rows,
  ].join('\n');
}
