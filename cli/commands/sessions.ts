import type { SessionsRow } from '#queries/answers.ts';
import { sessionsQuery } from '#queries/sessions.ts';
import { ask } from '../clickhouse-access.ts';
import { defineCommand } from '../command.ts';
import { environmentOf, QUESTION_OPTIONS, queryText, withClickHouse } from '../question.ts';
import { durationText, percent, renderTable, thousands } from '../table.ts';
import { readTimeRange } from '../time-range.ts';

export const sessions = defineCommand({
  usage: '[--from T] [--to T]',
  about: `Figures of the sessions that started in the range: how many, how long, how many events each, and how many
of them were left after a single event (bounced).`,
  options: { ...QUESTION_OPTIONS },
  maxArguments: 0,
  examples: [
    ['sessions', 'all sessions'],
    ['sessions --from 2026-03-01 --to 2026-03-08', 'those of one week'],
  ],
  async run(values, _positionals, context) {
    const environment = environmentOf(context, values.env);
    const query = sessionsQuery({
      environment: environment.number,
      database: environment.name,
      accountIdProperty: environment.options.accountIdProperty,
      ...readTimeRange(values),
    });
    if (values.sql) {
      context.stdout.write(queryText(query, values.json));
      return 0;
    }
    const [row] = await withClickHouse(context, (clickhouse) => ask<SessionsRow>(clickhouse, query));
    const answer = {
      environment: environment.name,
      sessions: row?.sessions ?? 0,
      users: row?.users ?? 0,
      medianDurationMs: milliseconds(row?.median_duration_s),
      averageDurationMs: milliseconds(row?.average_duration_s),
      eventsPerSession: row?.events_per_session ?? null,
      pageviewsPerSession: row?.pageviews_per_session ?? null,
      bounced: row?.bounced ?? 0,
    };
    context.stdout.write(values.json ? `${JSON.stringify(answer)}\n` : render(answer));
    return 0;
  },
});

function milliseconds(seconds: number | null | undefined): number | null {
  return seconds === null || seconds === undefined ? null : Math.round(seconds * 1000);
}

function render(answer: {
  sessions: number;
  users: number;
  medianDurationMs: number | null;
  averageDurationMs: number | null;
  eventsPerSession: number | null;
  pageviewsPerSession: number | null;
  bounced: number;
}): string {
  const duration = (ms: number | null) => (ms === null ? '-' : durationText(ms));
  const average = (value: number | null) => (value === null ? '-' : value.toFixed(1));
  return renderTable(
    [{ title: 'sessions' }, { title: '', right: true }],
    [
      ['count', thousands(answer.sessions)],
      ['users', thousands(answer.users)],
      ['median duration', duration(answer.medianDurationMs)],
      ['average duration', duration(answer.averageDurationMs)],
      ['events each', average(answer.eventsPerSession)],
      ['pageviews each', average(answer.pageviewsPerSession)],
      ['bounced', `${thousands(answer.bounced)} (${percent(answer.bounced, answer.sessions)})`],
    ],
  );
}
