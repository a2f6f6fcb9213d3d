import { eventNamed } from '#queries/event-match.ts';
import { type FunnelRow, funnelQuery, MAX_STEPS, PLAIN_FUNNEL } from '#queries/funnel.ts';
import { MOST_VALUES } from '#queries/top-values.ts';
import { ask } from '../clickhouse-access.ts';
import { defineCommand } from '../command.ts';
import { parseDuration } from '../duration.ts';
import { checkEventNames, environmentOf, QUESTION_OPTIONS, queryText, withClickHouse } from '../question.ts';
import { bar, percent, renderTable, thousands } from '../table.ts';
import { readTimeRange } from '../time-range.ts';
import { UsageError } from '../usage-error.ts';

/** Values of --by that the table shows; JSON has all of them. */
const SHOWN_VALUES = 20;

export type FunnelStep = { readonly name: string; readonly count: number };

export type FunnelAnswer = {
  readonly environment: string;
  readonly steps: readonly FunnelStep[];
  readonly withinMs: number | null;
  readonly by?: string;
  readonly groups?: readonly { readonly value: string | null; readonly steps: readonly FunnelStep[] }[];
};

export const funnel = defineCommand({
  usage: '--step NAME --step NAME ... [--within DURATION] [--by PROP] [--from T] [--to T]',
  about: `How many users did the steps in order. NAME is the event name as it was sent. Any occurrence of the first
step may start an attempt, and a user's best attempt counts. Each step needs an event of its own, later
than the one before; all of them within DURATION of the first, or within the range. --by splits by a
property of the event that the attempt started with.`,
  options: {
    step: { type: 'string', multiple: true, value: 'NAME', doc: 'next step' },
    within: { type: 'string', value: 'DURATION', doc: 'longest time from first to last step: 30m, 12h, 7d' },
    by: { type: 'string', value: 'PROP', doc: 'split by this property of the first step' },
    ...QUESTION_OPTIONS,
  },
  maxArguments: 0,
  examples: [
    ['funnel --step Signup --step Purchase', 'from sign-up to purchase, however long it takes'],
    ['funnel --step pageview --step Signup --step Purchase --within 7d --by plan', 'in a week, by plan'],
    ['funnel --step Purchase --step Purchase --from 2026-03-01 --to 2026-04-01', 'bought twice in March'],
    ['funnel --step Signup --step Purchase --sql', 'the query behind it'],
  ],
  async run(values, _positionals, context) {
    const { step: steps, within, by, json, sql } = values;
    if (steps.length < 1) throw new UsageError('A step is missing: give at least one --step NAME');
    if (steps.length > MAX_STEPS) {
      throw new UsageError(`Too many steps: want at most ${MAX_STEPS}, current number is ${steps.length}`);
    }
    const environment = environmentOf(context, values.env);
    const withinMs = within === undefined ? undefined : parseDuration('--within', within);
    const query = funnelQuery({
      ...PLAIN_FUNNEL,
      environment: environment.number,
      database: environment.name,
      accountIdProperty: environment.options.accountIdProperty,
      ...readTimeRange(values),
      steps: steps.map(eventNamed),
      withinMs,
      by: by === undefined ? undefined : { property: { of: 'event', name: by }, step: 1 },
      top: MOST_VALUES,
    });
    if (sql) {
      context.stdout.write(queryText(query, json));
      return 0;
    }
    const rows = await withClickHouse(context, async (clickhouse) => {
      const rows = await ask<FunnelRow>(clickhouse, query);
      if (totals(steps, rows).includes(0)) await checkEventNames(clickhouse, environment, steps);
      return rows;
    });
    const named = (counts: readonly number[]) =>
      steps.map((name, index) => ({ name, count: counts[index] ?? 0 }));
    const answer: FunnelAnswer = {
      environment: environment.name,
      steps: named(totals(steps, rows)),
      withinMs: withinMs ?? null,
      ...(by === undefined
        ? {}
        : { by, groups: rows.map(({ value, counts }) => ({ value: value ?? null, steps: named(counts) })) }),
    };
    context.stdout.write(json ? `${JSON.stringify(answer)}\n` : render(answer));
    return 0;
  },
});

function totals(steps: readonly string[], rows: readonly FunnelRow[]): number[] {
  return steps.map((_, index) => rows.reduce((sum, { counts }) => sum + (counts[index] ?? 0), 0));
}

function render({ steps, by, groups = [] }: FunnelAnswer): string {
  if (by === undefined) return renderSteps(steps);
  const shown = groups.slice(0, SHOWN_VALUES);
  const rest =
    groups.length > shown.length
      ? `${groups.length - shown.length} more values of ${by} are in --json\n`
      : '';
  const parts = shown.map(({ value, steps }) => `${by}: ${value ?? '(none)'}\n${renderSteps(steps)}`);
  return `${[...parts, `all\n${renderSteps(steps)}`].join('\n')}${rest}`;
}

function renderSteps(steps: readonly FunnelStep[]): string {
  const first = steps[0]?.count ?? 0;
  return renderTable(
    [
      { title: 'step' },
      { title: 'users', right: true },
      { title: 'of first', right: true },
      { title: 'of previous', right: true },
      { title: '' },
    ],
    steps.map(({ name, count }, index) => [
      `${index + 1} ${name}`,
      thousands(count),
      percent(count, first),
      percent(count, steps[index - 1]?.count ?? count),
      bar(first === 0 ? 0 : count / first),
    ]),
  );
}
