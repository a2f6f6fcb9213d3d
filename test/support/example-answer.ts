import { accountsQuery } from '#queries/accounts.ts';
import type { AccountRow, PathRow, RetentionRow, SessionsRow, TrendRow } from '#queries/answers.ts';
import { type CohortRow, cohortQuery } from '#queries/cohort.ts';
import { fillTrend } from '#queries/fill-trend.ts';
import { type FunnelRow, funnelQuery } from '#queries/funnel.ts';
import { pathsQuery } from '#queries/paths.ts';
import type { Ask } from '#queries/query.ts';
import type { Question } from '#queries/questions.ts';
import { retentionQuery } from '#queries/retention.ts';
import { sessionsQuery } from '#queries/sessions.ts';
import { trendQuery } from '#queries/trend.ts';

type Cell = string | number | null;

/** The answer of a question as the rows of a table, in the order of its SQL's columns. */
export async function exampleAnswer(ask: Ask, question: Question, nowMs: number): Promise<Cell[][]> {
  switch (question.ask) {
    case 'funnel': {
      const [row] = await ask<FunnelRow>(funnelQuery(question));
      const counts = row?.counts ?? [];
      return question.steps.map(({ label }, index) => [
        ...[index + 1, label, counts[index] ?? 0],
        ...[share(counts[index], counts[0]), share(counts[index], counts[Math.max(0, index - 1)])],
      ]);
    }
    case 'retention':
      return (await ask<RetentionRow>(retentionQuery(question))).map(({ cohort, users, returned }) => [
        ...[cohort, users],
        ...returned,
      ]);
    case 'paths':
      return (await ask<PathRow>(pathsQuery(question))).map(({ steps, paths, users, others }) => {
        const walked = others ? ['(others)'] : steps;
        return [paths, users, ...Array.from({ length: question.depth + 1 }, (_, n) => walked[n] ?? null)];
      });
    case 'cohort':
      return (await ask<CohortRow>(cohortQuery(question))).map(({ users }) => [users]);
    case 'trend': {
      const { periods, groups } = fillTrend(question, await ask<TrendRow>(trendQuery(question)), nowMs);
      return groups.flatMap(({ value, series, formula }) =>
        periods.map((period, index) => [
          ...(question.by === undefined ? [] : [value ?? null]),
          period,
          ...series.map((figures) => figures[index] ?? null),
          ...(formula === undefined ? [] : [formula[index] ?? null]),
        ]),
      );
    }
    case 'sessions':
      return (await ask<SessionsRow>(sessionsQuery(question))).map(({ period, value, ...row }) => [
        ...(question.by === undefined ? [] : [value ?? '(none)']),
        ...(period === undefined ? [] : [period]),
        ...[
          row.sessions,
          row.users,
          milliseconds(row.median_duration_s),
          milliseconds(row.average_duration_s),
        ],
        ...[row.events_per_session, row.pageviews_per_session, row.bounced],
      ]);
    case 'accounts':
      return (await ask<AccountRow>(accountsQuery(question))).map((row) => [
        ...[row.account, row.events, row.users, row.activeUsers, row.eventsNow, row.eventsBefore],
        ...[row.usersNow, row.usersBefore, timeText(row.lastSeenMs), ...row.shown],
      ]);
  }
}

function milliseconds(seconds: number | null): number | null {
  return seconds === null ? null : Math.round(seconds * 1000);
}

/** A time as ClickHouse's JSON has it. */
function timeText(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString().slice(0, -1).replace('T', ' ');
}

function share(part = 0, whole = 0): number | null {
  return whole === 0 ? null : part / whole;
}
