/**
 * Merger, sessionizer and verdicts on bindings together: what readers are told in the end, against naive models, and
 * in what orders the answers are the same.
 *
 * Promised: nothing depends on how partitions take turns, nor on where a stage stands still or starts again; nothing on
 * the order between devices, nor on the number of partitions, as long as no window or bound is passed.
 *
 * Not promised, and not asked here: (1) over more than a day the number of partitions matters, because a
 * duplicate and a late event are told by the stream time of their partition (docs/DESIGN.md, stream time); (2) which
 * of two identities a device gets, and which of two events with one idempotency key stays, is decided by the order of
 * the device's own records (SEMANTICS I-4, E-1); (3) the id of a session that grew from several (SEMANTICS S-3).
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonicalUserId } from '#schemas/ids.ts';
import type { Collected } from '#schemas/types.ts';
import { type Answers, answersOf, wantedOf } from './answers.ts';
import {
  aDeed,
  DAY_MS,
  type Deed,
  HOUR_MS,
  histories,
  keyOf,
  MINUTE_MS,
  tell,
  withResent,
} from './histories.ts';
import { runPipeline, schedules } from './pipeline-run.ts';
import { runs } from './runs.ts';

const KINDS = [
  'event',
  'event',
  'event',
  'event',
  'identify',
  'identify',
  'user_properties',
  'tick',
] as const;

/** Of many devices a little, or of two devices much: then their sessions grow, meet and are identified midway. */
const peopleOf = (withinADay: boolean) =>
  fc.oneof(
    histories({ kinds: KINDS, devices: 6, withinADay }),
    histories({ kinds: KINDS, devices: 2, withinADay }).map((deeds) =>
      deeds.map((deed) => ({
        ...deed,
        environment: 1,
        session: 0,
        source: deed.source === 'server' ? ('server' as const) : ('web' as const),
      })),
    ),
  );

const recordsOf = (deeds: readonly Deed[]): Collected[] => tell(deeds).map(({ record }) => record);

test('what readers are told is what the naive models say, however partitions take turns, abort and restart', () => {
  fc.assert(
    fc.property(peopleOf(false), schedules, fc.integer({ min: 1, max: 5 }), (deeds, schedule, partitions) => {
      const log = withResent(recordsOf(deeds));
      assert.deepEqual(answersOf(runPipeline(log, partitions, schedule)), wantedOf(log, partitions));
    }),
    runs(300),
  );
});

/** A log in another order, in which the records of each key keep theirs. */
function interleaved(log: readonly Collected[], order: readonly number[]): Collected[] {
  const waiting = Map.groupBy(log, (record) => keyOf(record).toString('hex'));
  return order.map((index) => waiting.get(keyOf(log[index]!).toString('hex'))!.shift()!);
}

const withOrder = (deeds: fc.Arbitrary<Deed[]>) =>
  deeds.chain((all) =>
    fc.tuple(
      fc.constant(all),
      fc.shuffledSubarray([...all.keys()], { minLength: all.length, maxLength: all.length }),
    ),
  );

test('within a day nothing readers are told depends on the order between devices, nor on the number of partitions', () => {
  const count = fc.integer({ min: 1, max: 5 });
  fc.assert(
    fc.property(
      withOrder(peopleOf(true)),
      schedules,
      count,
      count,
      ([deeds, order], schedule, partitions, otherPartitions) => {
        const log = recordsOf(deeds);
        const moved = runPipeline(interleaved(log, order), otherPartitions, schedule);
        assert.deepEqual(
          withoutTurns(answersOf(moved)),
          withoutTurns(answersOf(runPipeline(log, partitions, []))),
        );
      },
    ),
    runs(200),
  );
});

/** With users in one order. */
function withoutTurns(answers: Answers) {
  return mapSessions(answers, (session) => session);
}

/** Without what depends on the order of a device's own records: the id that remained. */
function withoutOrder(answers: Answers) {
  return mapSessions(answers, ({ session_id, ...rest }) => rest);
}

function mapSessions<T>(answers: Answers, change: (session: Answers[string]['sessions'][number]) => T) {
  return Object.entries(answers)
    .map(([user, own]) => ({ ...own, user, sessions: own.sessions.map(change) }))
    .toSorted((a, b) => (a.user < b.user ? -1 : 1));
}

test('within a day the order of a device’s own events and its identify changes nothing that readers are told', () => {
  // One identity a device and no idempotency keys: see (2) above.
  const oneIdentityEach = peopleOf(true).map((deeds) =>
    deeds.map((deed) =>
      deed.kind === 'identify'
        ? { ...deed, identity: deed.device % 3, byName: false, source: 'web' as const }
        : { ...deed, key: 0 },
    ),
  );
  fc.assert(
    fc.property(withOrder(oneIdentityEach), schedules, ([deeds, order], schedule) => {
      const log = recordsOf(deeds);
      const shuffled = order.map((index) => log[index]!);
      assert.deepEqual(
        withoutOrder(answersOf(runPipeline(shuffled, 4, schedule))),
        withoutOrder(answersOf(runPipeline(log, 4, []))),
      );
    }),
    runs(200),
  );
});

/** Users and their numbers of events and sessions, the models agreeing, with one partition and with four. */
function told(deeds: readonly Deed[]): Record<string, [events: number, sessions: number]> {
  const log = recordsOf(deeds);
  for (const partitions of [1, 4])
    assert.deepEqual(answersOf(runPipeline(log, partitions, [])), wantedOf(log, partitions));
  return Object.fromEntries(
    Object.entries(answersOf(runPipeline(log, 4, []))).map(([user, { events, sessions }]) => [
      user,
      [events.length, sessions.length],
    ]),
  );
}

const ANN = `1/${canonicalUserId(1, 'ann')}`;
const BOB = `1/${canonicalUserId(1, 'bob')}`;

test('of eleven devices that the server binds to one person ten join, and the eleventh stays by itself', () => {
  const devices = Array.from({ length: 11 }, (_, index) => index + 1);
  const binds = devices.map((device) => aDeed({ kind: 'identify', device, source: 'server', laterMs: 1000 }));
  const events = devices.map((device) => aDeed({ device }));
  assert.deepEqual(told([...binds, ...events]), { [ANN]: [10, 10], '1/11': [1, 1] });
  assert.deepEqual(told([...events, ...binds]), { [ANN]: [10, 10], '1/11': [1, 1] });
  const byClients = binds.map((bind) => ({ ...bind, source: 'web' as const }));
  assert.deepEqual(told([...byClients, ...events]), { [ANN]: [11, 11] });
});

test('nobody takes a person over by sending the public hash of the identity as an anonymous id', () => {
  // A deed by name of device 3 sends the canonical id of ann (3 % 3) and names bob as who it is.
  const takeover = aDeed({ kind: 'identify', byName: true, device: 3, identity: 1 });
  const ofAnn = [aDeed({ kind: 'identify', device: 5, identity: 0 }), aDeed({ device: 5 })];
  const expected = { [ANN]: [1, 1] };
  assert.deepEqual(told([takeover, ...ofAnn]), expected);
  assert.deepEqual(told([...ofAnn, takeover]), expected);
  // By a record that names ann alone she is known as well.
  assert.deepEqual(told([takeover, aDeed({ byName: true, identity: 0 })]), { [ANN]: [1, 0] });
  const ofBob = [aDeed({ kind: 'identify', device: 6, identity: 1 }), aDeed({ device: 6 })];
  assert.deepEqual(told([takeover, ...ofBob, ...ofAnn]), { [BOB]: [1, 1], [ANN]: [1, 1] });
});

test('an identify joins what its device did before and after it, whatever date it names', () => {
  for (const agoMs of [-20 * HOUR_MS, 0, 6 * DAY_MS]) {
    const identify = aDeed({ kind: 'identify', agoMs });
    const other = [aDeed({ device: 2 }), aDeed({ kind: 'identify', device: 2 })];
    assert.deepEqual(told([aDeed(), identify, aDeed({ laterMs: 40 * MINUTE_MS }), ...other]), {
      [ANN]: [3, 3],
    });
  }
});

test('a device that is identified in the middle of a session has one session, and all of it is that person’s', () => {
  const minute = { laterMs: MINUTE_MS };
  const session = [aDeed({ page: 1 }), aDeed({ ...minute, kind: 'identify' }), aDeed({ ...minute, page: 2 })];
  assert.deepEqual(told(session), { [ANN]: [2, 1] });
  // Another identity on the device changes nothing: it is ann's.
  const bob = aDeed({ ...minute, kind: 'identify', identity: 1, source: 'web' });
  assert.deepEqual(told([...session, bob, aDeed(minute)]), { [ANN]: [3, 1] });
});

test('an event exactly at the gap and a duplicate exactly at 24 hours, in one pipeline', () => {
  const again = aDeed({ key: 1, laterMs: DAY_MS, agoMs: DAY_MS });
  assert.deepEqual(told([aDeed({ key: 1 }), aDeed({ laterMs: 30 * MINUTE_MS })]), { '1/1': [2, 1] });
  assert.deepEqual(told([aDeed({ key: 1 }), again]), { '1/1': [1, 1] });
  assert.deepEqual(told([aDeed({ key: 1 }), { ...again, laterMs: DAY_MS + 1 }]), { '1/1': [2, 2] });
});
