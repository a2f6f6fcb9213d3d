import type { Answer } from '../answer.ts';
import type { FunnelAnswer, FunnelStep } from './funnel-answer.ts';
import { groupText, type NamedGroup } from './groups.ts';
import type { SessionsAnswer } from './sessions-answer.ts';
import type { TrendAnswer } from './trend-answer.ts';

export type Cell = string | number | null;

/** An answer as one table: a row for each figure that stands alone, a column for whatever tells rows apart. */
export type AnswerTable = {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
};

export function answerTable(answer: Answer): AnswerTable {
  switch (answer.ask) {
    case 'funnel':
      return funnelTable(answer);
    case 'retention': {
      const split = answer.groups === undefined ? [] : [answer.by ?? 'value'];
      const cohorts = answer.groups ?? [{ value: null, cohorts: answer.cohorts }];
      return {
        columns: [...split, 'cohort', `${answer.subject}s`, ...answer.columns],
        rows: cohorts.flatMap((group) =>
          group.cohorts.map(({ cohort, users, returned }) => [
            ...(answer.groups === undefined ? [] : [groupText(group)]),
            cohort,
            users,
            ...returned,
          ]),
        ),
      };
    }
    case 'paths': {
      const titles = Array.from({ length: answer.depth + 1 }, (_, index) => `step ${index}`);
      const padded = (steps: readonly string[]) => titles.map((_, index) => steps[index] ?? null);
      return {
        columns: ['paths', 'users', ...titles],
        rows: [
          ...answer.paths.map(({ paths, users, steps }) => [paths, users, ...padded(steps)]),
          ...(answer.others === null
            ? []
            : [[answer.others.paths, answer.others.users, ...padded(['(others)'])]]),
        ],
      };
    }
    case 'cohort':
      return answer.list.length === 0
        ? { columns: ['users'], rows: [[answer.users]] }
        : {
            columns: ['user id', 'identity', 'last seen'],
            rows: answer.list.map(({ userId, identity, lastSeen }) => [userId, identity, lastSeen]),
          };
    case 'trend':
      return trendTable(answer);
    case 'sessions':
      return sessionsTable(answer);
    case 'accounts': {
      const properties = Object.keys(answer.list[0]?.properties ?? {});
      return {
        columns: [
          ...[
            'account',
            'events',
            'users',
            'active users',
            'events now',
            'events before',
            'users now',
            'users before',
          ],
          ...['last seen', ...properties],
        ],
        rows: answer.list.map((row) => [
          ...[row.account, row.events, row.users, row.activeUsers, row.eventsNow, row.eventsBefore],
          ...[
            row.usersNow,
            row.usersBefore,
            row.lastSeen,
            ...properties.map((name) => row.properties[name] ?? null),
          ],
        ]),
      };
    }
  }
}

function funnelTable({ by, every, subject, steps, periods, groups }: FunnelAnswer): AnswerTable {
  const isTimed =
    steps.some(({ fromPrevious }) => fromPrevious !== undefined) ||
    groups?.some(({ whole }) => whole !== undefined);
  const rowsOf = (key: readonly Cell[], of: readonly FunnelStep[]): Cell[][] =>
    of.map(({ name, count, fromPrevious }, index) => [
      ...key,
      index + 1,
      name,
      count,
      share(count, of[0]?.count),
      share(count, of[Math.max(0, index - 1)]?.count),
      ...(isTimed ? [fromPrevious?.medianMs ?? null, fromPrevious?.p90Ms ?? null] : []),
    ]);
  const parts = groups ?? [{ value: null, steps, ...(periods === undefined ? {} : { periods }) }];
  return {
    columns: [
      ...(groups === undefined ? [] : [by ?? 'value']),
      ...(every === undefined ? [] : [every]),
      ...['step', 'event', `${subject}s`, 'of first', 'of previous'],
      ...(isTimed ? ['median ms from previous', '90% ms from previous'] : []),
    ],
    rows: parts.flatMap((part) => {
      const key = groups === undefined ? [] : [groupText(part)];
      if (every === undefined) return rowsOf(key, part.steps);
      return (part.periods ?? []).flatMap(({ period, steps }) => rowsOf([...key, period], steps));
    }),
  };
}

/** Between 0 and 1; null where there is nothing to take a share of. */
export function share(part: number, whole: number | undefined): number | null {
  return whole === undefined || whole === 0 ? null : part / whole;
}

function trendTable({ by, every, periods, series, formula, groups }: TrendAnswer): AnswerTable {
  return {
    columns: [
      ...(by === undefined ? [] : [by]),
      every,
      ...series.map(({ name, measure }) => (measure === 'events' ? name : `${name}: ${measure}`)),
      ...(formula === null ? [] : [formula]),
    ],
    rows: groups.flatMap((group) =>
      periods.map((period, index) => [
        ...(by === undefined ? [] : [groupText(trendGroup(group))]),
        period,
        ...group.series.map((figures) => figures[index] ?? null),
        ...(formula === null ? [] : [group.formula?.[index] ?? null]),
      ]),
    ),
  };
}

function trendGroup({ value, others }: TrendAnswer['groups'][number]): NamedGroup {
  return { value: value ?? null, ...(others ? { others: true } : {}) };
}

const SESSION_COLUMNS = {
  sessions: 'sessions',
  users: 'users',
  medianDurationMs: 'median duration ms',
  averageDurationMs: 'average duration ms',
  eventsPerSession: 'events each',
  pageviewsPerSession: 'pageviews each',
  bounced: 'bounced',
} as const;
const SESSION_KEYS = Object.keys(SESSION_COLUMNS) as (keyof typeof SESSION_COLUMNS)[];

function sessionsTable(answer: SessionsAnswer): AnswerTable {
  const { by, every, groups } = answer;
  const parts = groups ?? [{ value: null, ...answer }];
  return {
    columns: [
      ...(groups === undefined ? [] : [by ?? 'value']),
      ...(every === undefined ? [] : [every]),
      ...Object.values(SESSION_COLUMNS),
    ],
    rows: parts.flatMap((part) => {
      const key = groups === undefined ? [] : [groupText(part)];
      if (every === undefined) return [[...key, ...SESSION_KEYS.map((name) => part[name])]];
      return (part.periods ?? []).map((figures) => [
        ...key,
        figures.period,
        ...SESSION_KEYS.map((name) => figures[name]),
      ]);
    }),
  };
}
