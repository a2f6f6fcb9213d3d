import type { RetentionRow } from '../answers.ts';
import { isAnyEvent } from '../event-match.ts';
import { propertyText } from '../property-ref.ts';
import type { RetentionQuestion } from '../questions.ts';
import { groupName, groupsOf, type NamedGroup } from './groups.ts';

export type RetentionCohort = {
  /** First day of the cohort's period. */
  readonly cohort: string;
  readonly users: number;
  /** By period or bracket, as `columns` names them; null = it has not begun yet. */
  readonly returned: readonly (number | null)[];
};

export type RetentionAnswer = {
  readonly ask: 'retention';
  readonly environment: string;
  readonly subject: RetentionQuestion['subject'];
  /** null = any event. */
  readonly start: string | null;
  readonly return: string | null;
  readonly every: RetentionQuestion['every'];
  readonly counts: RetentionQuestion['counts'];
  readonly columns: readonly string[];
  readonly cohorts: readonly RetentionCohort[];
  readonly by?: string;
  readonly groups?: readonly (NamedGroup & { readonly cohorts: readonly RetentionCohort[] })[];
};

export function retentionAnswer(question: RetentionQuestion, rows: readonly RetentionRow[]): RetentionAnswer {
  const { start, back, by } = question;
  return {
    ask: 'retention',
    environment: question.database,
    subject: question.subject,
    start: isAnyEvent(start) ? null : start.label,
    return: isAnyEvent(back) ? null : back.label,
    every: question.every,
    counts: question.counts,
    columns: columnsOf(question),
    cohorts: by === undefined ? rows.map(cohortOf) : together(rows),
    ...(by === undefined
      ? {}
      : {
          by: propertyText(by),
          groups: groupsOf(rows).map(({ key, rows }) => ({ ...groupName(key), cohorts: rows.map(cohortOf) })),
        }),
  };
}

/** `week 3`, or of brackets `weeks 1-3`. */
function columnsOf({ every, periods, counts }: RetentionQuestion): readonly string[] {
  if (typeof counts === 'string') return Array.from({ length: periods + 1 }, (_, n) => `${every} ${n}`);
  return counts.brackets.map((first, index) => {
    const last = (counts.brackets[index + 1] ?? periods + 1) - 1;
    return first === last ? `${every} ${first}` : `${every}s ${first}-${last}`;
  });
}

function cohortOf({ cohort, users, returned }: RetentionRow): RetentionCohort {
  return { cohort, users, returned };
}

/** Cohorts of all values: whoever is in one is in it with one value. */
function together(rows: readonly RetentionRow[]): readonly RetentionCohort[] {
  const cohorts = new Map<string, RetentionCohort>();
  for (const { cohort, users, returned } of rows) {
    const known = cohorts.get(cohort);
    cohorts.set(cohort, {
      cohort,
      users: users + (known?.users ?? 0),
      returned: returned.map((count, index) => sum(count, known?.returned[index] ?? null)),
    });
  }
  return [...cohorts.values()].sort((one, other) => (one.cohort < other.cohort ? -1 : 1));
}

function sum(one: number | null, other: number | null): number | null {
  return one === null ? other : one + (other ?? 0);
}

/** What all cohorts together came back: only those whose period has begun count. */
export function overallReturned(
  cohorts: readonly RetentionCohort[],
): readonly { returned: number; of: number }[] {
  const columns = Math.max(0, ...cohorts.map(({ returned }) => returned.length));
  return Array.from({ length: columns }, (_, index) => {
    const begun = cohorts.filter(({ returned }) => (returned[index] ?? null) !== null);
    return {
      returned: begun.reduce((total, { returned }) => total + (returned[index] ?? 0), 0),
      of: begun.reduce((total, { users }) => total + users, 0),
    };
  });
}
