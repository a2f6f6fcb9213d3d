import type { RetentionRow } from '#queries/answers.ts';
import { ANY_EVENT, eventNamed } from '#queries/event-match.ts';
import { retentionQuery } from '#queries/retention.ts';
import { ask } from '../clickhouse-access.ts';
import { defineCommand } from '../command.ts';
import { checkEventNames, environmentOf, QUESTION_OPTIONS, queryText, withClickHouse } from '../question.ts';
import { percent, renderTable, thousands } from '../table.ts';
import { readTimeRange } from '../time-range.ts';
import { UsageError } from '../usage-error.ts';

const DEFAULT_PERIODS = 7;
const MOST_PERIODS = 60;

export const retention = defineCommand({
  usage: '[--start NAME] [--return NAME] [--every day|week] [--periods N] [--from T] [--to T]',
  about: `How many users came back. A user belongs to the day (or week) of the first --start event in the range, and
counts in each later one with a --return event; period 0 is that of the start itself. Without NAME any event
counts. Days and weeks are those of the calendar in UTC; weeks start on Monday.`,
  options: {
    start: { type: 'string', value: 'NAME', doc: 'event that users start with' },
    return: { type: 'string', value: 'NAME', doc: 'event that counts as coming back' },
    every: { type: 'string', value: 'day|week', doc: 'length of a period (day)' },
    periods: { type: 'string', value: 'N', doc: `periods to watch after the first (${DEFAULT_PERIODS})` },
    ...QUESTION_OPTIONS,
  },
  maxArguments: 0,
  examples: [
    ['retention --start Signup', 'of those who signed up, who did anything on the days after'],
    ['retention --start Purchase --return Purchase --every week --periods 8', 'buys again within 8 weeks'],
  ],
  async run(values, _positionals, context) {
    const { start, return: back, json, sql } = values;
    const every = values.every ?? 'day';
    if (every !== 'day' && every !== 'week') {
      throw new UsageError(
        `Cannot read --every: want day or week, current value is ${JSON.stringify(every)}`,
      );
    }
    const periods = values.periods === undefined ? DEFAULT_PERIODS : Number(values.periods);
    if (!Number.isInteger(periods) || periods < 1 || periods > MOST_PERIODS) {
      throw new UsageError(
        `Cannot read --periods: want 1 to ${MOST_PERIODS}, current value is ${JSON.stringify(values.periods)}`,
      );
    }
    const environment = environmentOf(context, values.env);
    const query = retentionQuery({
      environment: environment.number,
      database: environment.name,
      accountIdProperty: environment.options.accountIdProperty,
      ...readTimeRange(values),
      start: start === undefined ? ANY_EVENT : eventNamed(start),
      back: back === undefined ? ANY_EVENT : eventNamed(back),
      every,
      periods,
      cohorts: 'first in range',
      counts: 'in',
      subject: 'user',
    });
    if (sql) {
      context.stdout.write(queryText(query, json));
      return 0;
    }
    const cohorts = await withClickHouse(context, async (clickhouse) => {
      const rows = await ask<RetentionRow>(clickhouse, query);
      const returned = rows.some(({ returned }) => returned.some((count) => count !== null && count > 0));
      const names = [start, back].filter((name) => name !== undefined);
      if (!returned) await checkEventNames(clickhouse, environment, names);
      return rows;
    });
    const answer = {
      environment: environment.name,
      start: start ?? null,
      return: back ?? null,
      every,
      cohorts,
    };
    context.stdout.write(json ? `${JSON.stringify(answer)}\n` : render(cohorts, every, periods));
    return 0;
  },
});

function render(cohorts: readonly RetentionRow[], every: string, periods: number): string {
  const titles = Array.from({ length: periods + 1 }, (_, n) => ({ title: `${every} ${n}`, right: true }));
  return renderTable(
    [{ title: 'cohort' }, { title: 'users', right: true }, ...titles],
    cohorts.map(({ cohort, users, returned }) => [
      cohort,
      thousands(users),
      ...returned.map((count) => (count === null ? '' : percent(count, users))),
    ]),
  );
}
