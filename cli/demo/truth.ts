import { expectedAccounts } from './accounts.ts';
import type { DemoRequest } from './dispatch.ts';
import type { Figures } from './figures.ts';
import { finalProperties } from './final-properties.ts';
import { type LedgerEvent, type Named, readLedger } from './ledger.ts';
import { countFunnel, type Step } from './naive-funnel.ts';
import { type Cohort, countRetention } from './naive-retention.ts';
import { countSessions } from './naive-sessions.ts';
import { FUNNELS, RETENTION, SUMS } from './questions.ts';
import type { Properties } from './story.ts';
import { resolvePeople } from './who-is-who.ts';

/** What must come out of the pipeline when these requests have gone in. */
export type Truth = {
  readonly figures: Figures;
  /** Final properties of each person with an identity, and of each account. */
  readonly userProperties: ReadonlyMap<string, Properties>;
  readonly accountProperties: ReadonlyMap<string, Properties>;
};

/** Works the answers out by the slow, obvious way, from the requests in the order they are sent. */
export function truthOf(requests: Iterable<DemoRequest>): Truth {
  const ledger = readLedger(requests);
  const people = resolvePeople(ledger.identifies);
  const timelines = timelinesOf(ledger.events, people.personOf);
  const sessions = countSessions(ledger.events);
  const properties = finalProperties(ledger.userWrites, (subject) => people.personOf(subject as Named));
  return {
    figures: {
      ...expectedAccounts(ledger, people),
      events: { all: ledger.events.length, 'of bots': ledger.events.filter(({ bot }) => bot).length },
      'events by name': countBy(ledger.events, ({ name }) => name),
      people: {
        'with events': timelines.size,
        'of them identified': [...timelines.keys()].filter(isIdentity).length,
        'devices bound to them': people.bound - people.overLimit,
        'devices beyond the limit of ten': people.overLimit,
      },
      sessions: {
        'numbered by clients': sessions.client,
        'from gaps, web': sessions.gapWeb,
        'from gaps, mobile': sessions.gapMobile,
        'as readers see them': sessions.client + sessions.gapWeb + sessions.gapMobile,
        'named by events': sessions.client + sessions.gapWeb + sessions.gapMobile,
        'events in them': ledger.events.filter(({ source }) => source !== 'server').length,
      },
      ...Object.fromEntries(
        FUNNELS.map(({ title, steps, withinMs }) => [
          `funnel, ${title}`,
          labelled(steps, countFunnel(timelines.values(), steps, withinMs)),
        ]),
      ),
      retention: retentionLabels(countRetention(timelines.values(), RETENTION, RETENTION.days)),
      'sums, in hundredths': Object.fromEntries(
        SUMS.map(({ title, event, property }) => [title, sumOf(ledger.events, event, property)]),
      ),
    },
    userProperties: new Map(
      [...properties].filter(([name]) => isIdentity(name)).map(([name, set]) => [name.slice(9), set]),
    ),
    accountProperties: finalProperties(ledger.accountWrites, (account) => account),
  };
}

/** Steps of a funnel by number and name, as names may repeat. */
export function labelled(steps: readonly string[], counts: readonly number[]): Record<string, number> {
  return Object.fromEntries(steps.map((step, n) => [`${n + 1}. ${step}`, counts[n] ?? 0]));
}

/** Figures of cohorts: their size, and who came back so many days later. */
export function retentionLabels(cohorts: readonly Cohort[]): Record<string, number> {
  return Object.fromEntries(
    cohorts.flatMap(({ day, size, returned }) => [
      [`${day}, people`, size] as const,
      ...returned.map((count, n) => [`${day}, day ${n}`, count] as const),
    ]),
  );
}

function isIdentity(name: string): boolean {
  return name.startsWith('identity:');
}

/** Each person's events, oldest first. */
function timelinesOf(events: readonly LedgerEvent[], personOf: (named: Named) => Named): Map<Named, Step[]> {
  const timelines = new Map<Named, Step[]>();
  for (const { who, at, name } of events)
    timelines.getOrInsertComputed(personOf(who), () => []).push({ at, name });
  for (const steps of timelines.values()) steps.sort((a, b) => a.at - b.at);
  return timelines;
}

function countBy<T>(list: readonly T[], keyOf: (item: T) => string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const item of list) counts[keyOf(item)] = (counts[keyOf(item)] ?? 0) + 1;
  return counts;
}

function sumOf(events: readonly LedgerEvent[], name: string, property: string): number {
  return events
    .filter((event) => event.name === name)
    .reduce((sum, { properties }) => sum + Math.round(Number(properties[property]) * 100), 0);
}
