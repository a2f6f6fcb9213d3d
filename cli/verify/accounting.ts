import { RETRY_TAKEN } from '#lib/streams/retry.ts';

/** Records of one kind in one partition of the log, and what became of them. Ticks are not accounted for. */
export type AccountLine = {
  readonly partition: number;
  readonly kind: string;
  readonly collected: number;
  readonly loaded: number;
  readonly rejected: number;
  readonly duplicate: number;
  readonly ignored: number;
  readonly erased: number;
  /** Collected and nowhere to be found; below zero = more found than collected. */
  readonly missing: number;
  /** Rows that are in ClickHouse more than once. */
  readonly twice: number;
};

export type PartitionFacts = {
  readonly partition: number;
  /** Offset the accounts are closed at: the number of records in the log before it. */
  readonly cut: bigint;
  /** The merger's counters at exactly that offset, by `<kind>.<outcome>`. */
  readonly counts: Readonly<Record<string, number>>;
  /** Rows in ClickHouse that came from before the cut. */
  readonly loaded: readonly { readonly kind: string; readonly rows: number; readonly distinct: number }[];
  /** Dead letters of the stages after the merger that came from before the cut. */
  readonly rejectedLater: Readonly<Record<string, number>>;
};

export type Accounting = { readonly lines: readonly AccountLine[]; readonly problems: readonly string[] };

type Destiny = 'passed' | 'rejected' | 'duplicate' | 'ignored';

/** What the merger's outcomes mean for the accounts. */
const DESTINY_OF: Readonly<Record<string, Destiny>> = {
  forwarded: 'passed',
  bound: 'passed',
  rejected: 'rejected',
  duplicate: 'duplicate',
  ignored: 'ignored',
  repeated: 'ignored',
};

/** Kinds that are no input of their own: time, marks, and what was put back, which is its first record again. */
const NO_INPUT = new Set(['tick', 'marker', 'retry']);

/**
 * Closes the accounts of a partition: collected = loaded + rejected + duplicate + ignored + erased, for each
 * kind; and the merger has counted as many records as the log holds. A record that was put back from a dead letter
 * was rejected at first and counts as what became of it then, once.
 */
export function account(facts: PartitionFacts): Accounting {
  const { partition, cut, counts, loaded, rejectedLater } = facts;
  const problems: string[] = [];
  const kinds = new Map<string, Record<Destiny, number>>();
  let counted = 0;
  for (const [name, count] of Object.entries(counts)) {
    const [kind = '', outcome = ''] = name.split('.');
    // Counted beside what became of the record.
    if (name !== RETRY_TAKEN) counted += count;
    if (NO_INPUT.has(kind)) continue;
    const destiny = DESTINY_OF[outcome];
    if (destiny === undefined) {
      problems.push(
        `Partition ${partition}: ${count} records have the outcome ${name}, which the accounts do not know`,
      );
      continue;
    }
    kindOf(kinds, kind)[destiny] += count;
  }
  const taken = counts[RETRY_TAKEN] ?? 0;
  if (taken > 0) kindOf(kinds, 'unknown').rejected -= taken;
  if (BigInt(counted) !== cut) {
    problems.push(
      `Partition ${partition}: the log holds ${cut} records and the identity-merger counted ${counted}`,
    );
  }
  for (const { kind } of loaded) kindOf(kinds, kind);
  for (const kind of Object.keys(rejectedLater)) kindOf(kinds, kind);
  const all = [...kinds].map(([kind, { passed, rejected, duplicate, ignored }]) => {
    const { rows = 0, distinct = 0 } = loaded.find((one) => one.kind === kind) ?? {};
    const later = rejectedLater[kind] ?? 0;
    return {
      partition,
      kind,
      collected: passed + rejected + duplicate + ignored,
      loaded: distinct,
      rejected: rejected + later,
      duplicate,
      ignored,
      erased: 0,
      missing: passed - distinct - later,
      twice: rows - distinct,
    };
  });
  const lines = all.filter(({ collected, loaded, rejected }) => collected + loaded + rejected > 0);
  for (const { kind, missing, twice } of lines) {
    if (missing > 0)
      problems.push(
        `Partition ${partition}: ${missing} records of kind ${kind} were collected and are nowhere`,
      );
    if (missing < 0)
      problems.push(
        `Partition ${partition}: ${-missing} more records of kind ${kind} are loaded than were collected`,
      );
    if (twice > 0)
      problems.push(`Partition ${partition}: ${twice} rows of kind ${kind} are loaded more than once`);
  }
  return { lines, problems };
}

function kindOf(kinds: Map<string, Record<Destiny, number>>, kind: string): Record<Destiny, number> {
  return kinds.getOrInsertComputed(kind, () => ({ passed: 0, rejected: 0, duplicate: 0, ignored: 0 }));
}

/** Lines of all partitions added up, one for each kind. */
export function totalsByKind(lines: readonly AccountLine[]): Omit<AccountLine, 'partition'>[] {
  return [...Map.groupBy(lines, ({ kind }) => kind)].map(([kind, group]) => {
    const sum = (field: Exclude<keyof AccountLine, 'kind'>) =>
      group.reduce((total, line) => total + line[field], 0);
    return {
      kind,
      collected: sum('collected'),
      loaded: sum('loaded'),
      rejected: sum('rejected'),
      duplicate: sum('duplicate'),
      ignored: sum('ignored'),
      erased: sum('erased'),
      missing: sum('missing'),
      twice: sum('twice'),
    };
  });
}
