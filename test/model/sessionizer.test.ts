/** The sessionizer's core against a naive oracle, over random histories of one partition. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { PlacedOutput, ReadRecord } from '#lib/streams/fold-chunk.ts';
import { collectedCodec, sessionCodec } from '#schemas/codec.ts';
import type { Collected, Session } from '#schemas/types.ts';
import { createSessionizer } from '../../services/sessionizer/core/processor.ts';
import { aDeed, DAY_MS, type Deed, histories, keyOf, MINUTE_MS, T0, tell, withResent } from './histories.ts';
import { runs } from './runs.ts';
import { rowOf, toldId, type Visit, visitsOf } from './session-oracle.ts';
import { type Ran, runStage, StageRun, type Turn, turns } from './stage-run.ts';

const KINDS = ['event', 'event', 'event', 'event', 'event', 'tick'] as const;
const LATER_USER = 7_000_000;

/**
 * One device whose events lie on both sides of the gap, so that sessions meet and meet again; where time passes, they
 * come on both sides of the bound too, and some do not meet any more.
 */
const oneVisitor = (passing: readonly number[]) =>
  fc
    .array(
      fc.record({
        kind: fc.constantFrom('event', 'event', 'event', 'event', 'tick'),
        source: fc.constantFrom('web', 'web', 'ios', 'android'),
        unseen: fc.constantFrom('', 'click', 'custom'),
        halfGaps: fc.oneof(fc.nat(6), fc.nat(30)),
        offMs: fc.constantFrom(0, 0, 0, 1, -1),
        laterMs: fc.oneof(
          { weight: 4, arbitrary: fc.constant(0) },
          { weight: 1, arbitrary: fc.constantFrom(0, ...passing) },
        ),
        page: fc.nat(3),
      }),
      { maxLength: 20 },
    )
    .map((events) => {
      let passedMs = 0;
      return events.map(({ kind, source, unseen, halfGaps, offMs, laterMs, page }) => {
        passedMs += laterMs;
        const timeMs = halfGaps * (source === 'web' ? 15 : 2.5) * MINUTE_MS + offMs;
        return aDeed({ kind, source, unseen, laterMs, page, agoMs: passedMs - timeMs });
      });
    });

const BOUNDS = [DAY_MS - 1, DAY_MS, DAY_MS + 1, 3 * DAY_MS, 6 * DAY_MS, 6 * DAY_MS + 1];

/** What the merger would let through: events of devices that become known in the middle of the log, and ticks. */
function identified(deeds: readonly Deed[]): Collected[] {
  const log = tell(deeds).map(({ record }) => record);
  return log.map((record, index) =>
    record.kind === 'event' && index > log.length / 2 ? { ...record, user_id: LATER_USER } : record,
  );
}

function readRecords(log: readonly Collected[]): ReadRecord[] {
  return log.map((record, index) => {
    const offset = BigInt(index);
    const origin = { topic: 'events.collected', partition: 0, offset };
    return {
      key: keyOf(record),
      value: collectedCodec.encode(record),
      timestampMs: record.received_at,
      offset,
      origin,
    };
  });
}

const runSessionizer = (log: readonly Collected[], plan: readonly Turn[]): Ran =>
  runStage(new StageRun(createSessionizer()), readRecords(log), plan);

type Name = Pick<Session, 'environment' | 'device_id' | 'session_id'>;
const idOf = ({ environment, device_id, session_id }: Name) => `${environment}/${device_id}/${session_id}`;
const rowIdOf = (row: Partial<Session>) => `${idOf(row as Session)}/${row.opened_at}`;

/** Last row of each part of a session: what compaction and readers keep. */
function finalRows(outputs: readonly PlacedOutput[]): Map<string, Session> {
  const rows = outputs
    .filter(({ topic }) => topic === 'sessions')
    .map(({ value }) => sessionCodec.decode(value));
  return new Map(rows.map((row) => [rowIdOf(row), row]));
}

const eventsIn = (outputs: readonly PlacedOutput[]): Collected[] =>
  outputs
    .filter(({ topic }) => topic === 'events.sessionized')
    .map(({ value }) => collectedCodec.decode(value));

/** Where readers are led from a session, one step, by the last absorbed row of each. */
function leads(outputs: readonly PlacedOutput[]): Map<string, number> {
  const rows = outputs
    .filter(({ topic }) => topic === 'sessions')
    .map(({ value }) => sessionCodec.decode(value));
  return new Map(
    rows.flatMap((row) => (row.merged_into === 0 ? [] : [[idOf(row), row.merged_into] as const])),
  );
}

/** The session of an event as a reader finds it: the parts of it are one. */
const sessionOf = (outputs: readonly PlacedOutput[], event: Name) => {
  const led = leads(outputs).get(idOf(event));
  return idOf(led === undefined ? event : { ...event, session_id: led });
};

const rowIdOfVisit = ({ seed, id, openedMs }: Visit) =>
  rowIdOf({ ...seed, session_id: id, opened_at: openedMs } as Partial<Session>);

function check(log: readonly Collected[], plan: readonly Turn[]): { visits: Visit[]; ran: Ran } {
  const { placed, visits } = visitsOf(log);
  const ran = runSessionizer(log, plan);
  const rows = finalRows(ran.outputs);

  const events = eventsIn(ran.outputs);
  assert.deepEqual(
    events.map((event, index) => ({ ...event, session_id: placed[index]?.visit ? 0 : event.session_id })),
    placed.map(({ record, visit }) => ({ ...record, session_id: visit ? 0 : record.session_id })),
    'events go on in order, with the mark of the late ones and nothing else changed',
  );
  assert.deepEqual(
    events.filter((_, index) => placed[index]?.visit).map((event) => sessionOf(ran.outputs, event)),
    placed.flatMap(({ visit }) =>
      visit ? [idOf({ ...visit.seed, session_id: toldId(visit, visits) })] : [],
    ),
    'each event leads to its session',
  );

  const wanted = visits.map((visit) => rowOf(visit, visits)).sort(byId);
  const found = [...rows.values()].map(shown);
  assert.deepEqual(
    [...rows.keys()].sort(),
    visits.map(rowIdOfVisit).sort(),
    'a row for each visit and no other',
  );
  assert.deepEqual(found.sort(byId), wanted, 'each row says what its events say');
  // The row of an absorbed session may come twice, in the order in which it was led on: the last one counts.
  const survivors = new Set(visits.filter(({ mergedInto }) => !mergedInto).map(rowIdOfVisit));
  for (const transaction of ran.transactions) {
    const changed = new Set(eventsIn(transaction).map(idOf));
    const published = transaction
      .filter(({ topic }) => topic === 'sessions')
      .map(({ value }) => sessionCodec.decode(value));
    const unchanged = published.filter((row) => row.merged_into === 0 && !changed.has(idOf(row)));
    assert.deepEqual(unchanged, [], 'only sessions that changed are published');
    const ids = published.map(rowIdOf).filter((id) => survivors.has(id));
    assert.equal(new Set(ids).size, ids.length, 'a session is published once a transaction');
  }
  return { visits, ran };
}

const byId = (a: Partial<Session>, b: Partial<Session>) => (rowIdOf(a) < rowIdOf(b) ? -1 : 1);

/** Of an absorbed session's row only where it leads is specified. */
function shown(row: Session): Partial<Session> {
  const { environment, device_id, session_id, opened_at, merged_into } = row;
  if (merged_into !== 0) return { environment, device_id, session_id, opened_at, merged_into };
  const absorbed = row.absorbed
    .map((id, index) => [id, row.absorbed_opened_at[index] as number] as const)
    .toSorted(([a, aMs], [b, bMs]) => a - b || aMs - bMs);
  return {
    ...row,
    absorbed: absorbed.map(([id]) => id),
    absorbed_opened_at: absorbed.map(([, openedMs]) => openedMs),
  };
}

test('the sessionizer publishes of any history what the naive model says, wherever it is cut, aborted and restored', () => {
  fc.assert(
    fc.property(
      fc.oneof(histories({ kinds: KINDS }), oneVisitor([]), oneVisitor(BOUNDS)),
      turns,
      (deeds, plan) => {
        check(identified(deeds), plan);
        // Those that come again after the window, and, which the merger would not let through, within it.
        check(withResent(identified(deeds)), plan);
      },
    ),
    runs(500),
  );
});

/** Surviving rows without what depends on the order of arrival: which id remained, and who and when came last. */
function orderFree(outputs: readonly PlacedOutput[]) {
  const rows = new Map([...finalRows(outputs).values()].map((row) => [idOf(row), row]));
  const eventsOf = new Map<string, number[]>();
  for (const event of eventsIn(outputs).filter(({ source }) => source !== 'server')) {
    const session = sessionOf(outputs, event);
    eventsOf.set(session, [...(eventsOf.get(session) ?? []), event.event_id]);
  }
  return [...eventsOf]
    .map(([session, ids]) => {
      const { session_id, absorbed, absorbed_opened_at, user_id, updated_at, opened_at, ...rest } = rows.get(
        session,
      ) as Session;
      return { ...rest, session_id: rest.gap ? 0 : session_id, events: ids.toSorted((a, b) => a - b) };
    })
    .toSorted((a, b) => (a.events[0] as number) - (b.events[0] as number));
}

test('the order in which events come changes no session while sessions can change: neither which events nor its row', () => {
  fc.assert(
    fc.property(
      fc
        .oneof(histories({ kinds: ['event'], withinADay: true }), oneVisitor([]))
        .chain((deeds) =>
          fc.tuple(fc.constant(deeds), fc.shuffledSubarray([...deeds.keys()], { minLength: deeds.length })),
        ),
      turns,
      ([deeds, order], plan) => {
        const log = identified(deeds);
        const shuffled = order.map((index) => log[index]!);
        assert.deepEqual(
          orderFree(runSessionizer(shuffled, plan).outputs),
          orderFree(runSessionizer(log, []).outputs),
        );
      },
    ),
    runs(300),
  );
});

/** Sizes of the sessions of a history, by their start, the same with a restart after each record and without. */
function sizes(deeds: readonly Deed[]): number[] {
  const log = tell(deeds).map(({ record }) => record);
  check(log, RESTART_EACH);
  const { ran } = check(log, []);
  return [...finalRows(ran.outputs).values()]
    .filter(({ merged_into }) => merged_into === 0)
    .toSorted((a, b) => a.started_at - b.started_at)
    .map(({ event_count }) => event_count);
}

const RESTART_EACH: readonly Turn[] = Array.from({ length: 12 }, () => ({
  records: 1,
  ending: 'restart',
  cleaned: true,
}));

test('events exactly a gap apart are one session, a millisecond more makes two', () => {
  for (const [source, gapMs] of [
    ['web', 30 * MINUTE_MS],
    ['ios', 5 * MINUTE_MS],
    ['android', 5 * MINUTE_MS],
  ] as const) {
    assert.deepEqual(sizes([aDeed({ source }), aDeed({ source, laterMs: gapMs })]), [2]);
    assert.deepEqual(sizes([aDeed({ source }), aDeed({ source, laterMs: gapMs + 1 })]), [1, 1]);
    assert.deepEqual(sizes([aDeed({ source }), aDeed({ source, agoMs: gapMs })]), [2]);
    assert.deepEqual(sizes([aDeed({ source }), aDeed({ source, agoMs: gapMs + 1 })]), [1, 1]);
  }
});

test('a session can change until stream time is exactly the bound past its last update, not a millisecond more', () => {
  for (const [source, boundMs] of [
    ['web', DAY_MS],
    ['ios', 6 * DAY_MS],
  ] as const) {
    const again = (laterMs: number) => aDeed({ source, laterMs, agoMs: laterMs });
    assert.deepEqual(sizes([aDeed({ source }), again(boundMs)]), [2]);
    assert.deepEqual(sizes([aDeed({ source }), again(boundMs + 1)]), [1, 1]);
    // A tick before it: then the restart is as late as can be.
    const tick = (laterMs: number) => aDeed({ kind: 'tick', laterMs });
    const event = (agoMs: number) => aDeed({ source, agoMs });
    assert.deepEqual(sizes([aDeed({ source }), tick(boundMs), event(boundMs)]), [2]);
    assert.deepEqual(sizes([aDeed({ source }), tick(boundMs + 1), event(boundMs + 1)]), [1, 1]);
  }
});

test('an event is late when it happened longer ago than the bound, not when exactly as long', () => {
  const lateOf = (agoMs: number) =>
    check(identified([aDeed({ agoMs })]), []).ran.outputs.flatMap(({ topic, value }) =>
      topic === 'events.sessionized'
        ? [collectedCodec.decode(value).late]
        : [sessionCodec.decode(value).late],
    );
  assert.deepEqual(lateOf(DAY_MS), [false, false]);
  assert.deepEqual(lateOf(DAY_MS + 1), [true, true]);
});

test('three sessions become one in two steps: readers of the first to go are led to the last, restored or not', () => {
  const at = (minutesAgo: number) => aDeed({ agoMs: minutesAgo * MINUTE_MS });
  // The later one of each pair goes: 0 into 50, then 50 (with 0) into 100.
  assert.deepEqual(sizes([at(100), at(50), at(0), at(25), at(75)]), [5]);
});

test('a session over the hour that a change of clocks skips or repeats is as long as any other', () => {
  // T0 is the beginning of a UTC day; Europe changes its clocks at 01:00 UTC on these days.
  for (const day of [Date.UTC(2026, 2, 29), Date.UTC(2026, 9, 25)]) {
    const agoMs = T0 - (day + 50 * MINUTE_MS);
    const over = [0, 20, 45].map((minute) => aDeed({ agoMs: agoMs - minute * MINUTE_MS }));
    assert.deepEqual(sizes(over), [3]);
    const apart = [0, 30, 61].map((minute) => aDeed({ agoMs: agoMs - minute * MINUTE_MS }));
    assert.deepEqual(sizes(apart), [2, 1]);
  }
});

test('the clock of one client that is days ahead neither closes nor joins the sessions of others', () => {
  const ahead = aDeed({ device: 2, agoMs: -8 * DAY_MS });
  assert.deepEqual(sizes([aDeed(), ahead, aDeed({ laterMs: 10 * MINUTE_MS })]), [2, 1]);
});

test('of a session that two sources share, the library is that of the event that describes it', () => {
  const log = identified([
    aDeed({ source: 'web', session: 901 }),
    aDeed({ source: 'ios', session: 901, agoMs: 90 * MINUTE_MS, page: 1 }),
  ]);
  const [row] = finalRows(check(log, RESTART_EACH).ran.outputs).values();
  assert.deepEqual([row?.library, row?.platform], ['ios', 'platform 2']);
});
