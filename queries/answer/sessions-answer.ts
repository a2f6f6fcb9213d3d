import type { SessionsRow } from '../answers.ts';
import { propertyText } from '../property-ref.ts';
import type { Period, SessionsQuestion } from '../questions.ts';
import { groupName, groupsOf, isSameGroup, type NamedGroup } from './groups.ts';

type SessionFigures = {
  readonly sessions: number;
  readonly users: number;
  readonly medianDurationMs: number | null;
  readonly averageDurationMs: number | null;
  readonly eventsPerSession: number | null;
  readonly pageviewsPerSession: number | null;
  readonly bounced: number;
};

type FiguresOfPeriod = SessionFigures & { readonly period: string };

export type SessionsAnswer = SessionFigures & {
  readonly ask: 'sessions';
  readonly environment: string;
  readonly every?: Period;
  readonly periods?: readonly FiguresOfPeriod[];
  readonly by?: string;
  readonly groups?: readonly (NamedGroup &
    SessionFigures & { readonly periods?: readonly FiguresOfPeriod[] })[];
};

/** Rows of one question about sessions: of all, split by its property alone, and by its periods (and property). */
export type SessionsRows = {
  readonly whole: readonly SessionsRow[];
  readonly byValue: readonly SessionsRow[];
  readonly byPeriod: readonly SessionsRow[];
};

export function sessionsAnswer(
  { database, every, by }: SessionsQuestion,
  rows: SessionsRows,
): SessionsAnswer {
  const periods = (of: readonly SessionsRow[]) =>
    of.map((row) => ({ period: row.period ?? '', ...figuresOf(row) }));
  const periodsByGroup = groupsOf(rows.byPeriod);
  return {
    ask: 'sessions',
    environment: database,
    ...figuresOf(rows.whole[0]),
    ...(every === undefined ? {} : { every }),
    ...(every === undefined || by !== undefined ? {} : { periods: periods(rows.byPeriod) }),
    ...(by === undefined
      ? {}
      : {
          by: propertyText(by),
          groups: groupsOf(rows.byValue).map(({ key, rows: [row] }) => ({
            ...groupName(key),
            ...figuresOf(row),
            ...(every === undefined
              ? {}
              : { periods: periods(periodsByGroup.find((one) => isSameGroup(one.key, key))?.rows ?? []) }),
          })),
        }),
  };
}

function figuresOf(row: SessionsRow | undefined): SessionFigures {
  return {
    sessions: row?.sessions ?? 0,
    users: row?.users ?? 0,
    medianDurationMs: milliseconds(row?.median_duration_s),
    averageDurationMs: milliseconds(row?.average_duration_s),
    eventsPerSession: row?.events_per_session ?? null,
    pageviewsPerSession: row?.pageviews_per_session ?? null,
    bounced: row?.bounced ?? 0,
  };
}

function milliseconds(seconds: number | null | undefined): number | null {
  return seconds === null || seconds === undefined ? null : Math.round(seconds * 1000);
}
