import type { Cohort } from './cohort.ts';
import type { EventScope } from './event-scope.ts';

/** Whom a question counts. */
export const SUBJECTS = ['user', 'account', 'session'] as const;
export type Subject = (typeof SUBJECTS)[number];

/** Which events a question is about, and where what is known of their users is found. */
export type QuestionScope = EventScope & {
  /** Name of the environment, which is that of its readers' database. */
  readonly database: string;
  /** User property that holds the id of a user's account; empty = none does. */
  readonly accountIdProperty: string;
  /** Only events of users who are in it. */
  readonly among?: Cohort | undefined;
};

/** Column of `users` that holds the id of a user's account. Throws RangeError where the environment has no accounts. */
export function accountIdColumn({ accountIdProperty, database }: QuestionScope): string {
  if (accountIdProperty === '') {
    throw new RangeError(
      `Cannot ask for accounts: the environment ${database} has no option accountIdProperty, which names the user property that holds the account`,
    );
  }
  return 'account_id';
}
