import type { Figures } from './figures.ts';
import type { Ledger } from './ledger.ts';
import type { SendReport } from './sender.ts';
import type { WhoIsWho } from './who-is-who.ts';

/** Section of the accounting: every record that was collected, and where it is. */
export const ACCOUNTS = 'accounting';

/** What the accounts of the pipeline must say. */
export function expectedAccounts(ledger: Ledger, people: WhoIsWho): Figures {
  const { events, duplicates, identifies, userWrites, accountWrites } = ledger;
  return {
    [ACCOUNTS]: {
      'events collected': events.length + duplicates,
      'events loaded': events.length,
      'events that are duplicates': duplicates,
      'identifies collected': identifies.length,
      'identifies loaded as bindings': people.bound,
      'identifies that change nothing': people.repeated + people.contradicted,
      'user property changes loaded': userWrites.length,
      'account property changes loaded': accountWrites.length,
      'records rejected, missing or twice': 0,
      'rows refused at the door': ledger.refused,
    },
  };
}

type Totals = readonly {
  readonly kind: string;
  readonly collected: number;
  readonly loaded: number;
  readonly rejected: number;
  readonly duplicate: number;
  readonly ignored: number;
  readonly missing: number;
  readonly twice: number;
}[];

/** The accounts as `cairn verify` closes them. */
export function foundAccounts(totals: Totals, refused: number): Figures {
  const of = (kind: string) => totals.find((total) => total.kind === kind);
  return {
    [ACCOUNTS]: {
      'events collected': of('event')?.collected ?? 0,
      'events loaded': of('event')?.loaded ?? 0,
      'events that are duplicates': of('event')?.duplicate ?? 0,
      'identifies collected': of('identify')?.collected ?? 0,
      'identifies loaded as bindings': of('identify')?.loaded ?? 0,
      'identifies that change nothing': of('identify')?.ignored ?? 0,
      'user property changes loaded': of('user_properties')?.loaded ?? 0,
      'account property changes loaded': of('account_properties')?.loaded ?? 0,
      'records rejected, missing or twice': totals.reduce(
        (sum, { rejected, missing, twice }) => sum + rejected + Math.abs(missing) + twice,
        0,
      ),
      'rows refused at the door': refused,
    },
  };
}

/** What requests without an answer may have left in the log, although they were sent again. */
export function slackOf({ uncertain }: SendReport): Figures {
  return {
    [ACCOUNTS]: {
      'events collected': uncertain.events,
      'events that are duplicates': uncertain.events,
      'identifies collected': uncertain.identifies,
      'identifies that change nothing': uncertain.identifies,
      'user property changes loaded': uncertain.userProperties,
      'account property changes loaded': uncertain.accountProperties,
    },
  };
}
