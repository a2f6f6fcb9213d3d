import type { CohortQuestion, CohortRow } from '../cohort.ts';
import { isoTime } from './iso-time.ts';

export type CohortAnswer = {
  readonly ask: 'cohort';
  readonly environment: string;
  readonly users: number;
  /** Those seen last first. */
  readonly list: readonly {
    readonly userId: number;
    readonly identity: string | null;
    readonly lastSeen: string | null;
  }[];
};

export function cohortAnswer({ database }: CohortQuestion, rows: readonly CohortRow[]): CohortAnswer {
  return {
    ask: 'cohort',
    environment: database,
    users: rows[0]?.users ?? 0,
    list: rows.flatMap(({ user_id, identity, lastSeenMs }) =>
      user_id === null ? [] : [{ userId: user_id, identity, lastSeen: isoTime(lastSeenMs) }],
    ),
  };
}
