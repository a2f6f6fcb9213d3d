import type { AccountRow } from '../answers.ts';
import { isAnyEvent } from '../event-match.ts';
import type { AccountsQuestion } from '../questions.ts';
import { isoTime } from './iso-time.ts';

export type AccountsAnswer = {
  readonly ask: 'accounts';
  readonly environment: string;
  /** What counts as usage; null = any event. */
  readonly event: string | null;
  readonly every: AccountsQuestion['every'];
  /** Accounts there are. */
  readonly accounts: number;
  /** Those of most usage first. */
  readonly list: readonly (Omit<AccountRow, 'accounts' | 'lastSeenMs' | 'shown'> & {
    readonly lastSeen: string | null;
    readonly properties: Readonly<Record<string, string | null>>;
  })[];
};

export function accountsAnswer(question: AccountsQuestion, rows: readonly AccountRow[]): AccountsAnswer {
  const { event, show } = question;
  return {
    ask: 'accounts',
    environment: question.database,
    event: isAnyEvent(event) ? null : event.label,
    every: question.every,
    accounts: rows[0]?.accounts ?? 0,
    list: rows.map(({ accounts, lastSeenMs, shown, ...figures }) => ({
      ...figures,
      lastSeen: isoTime(lastSeenMs),
      properties: Object.fromEntries(show.map(({ name }, index) => [name, shown[index] ?? null])),
    })),
  };
}
