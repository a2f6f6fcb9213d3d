/** Which events share a session, from HTTP to SQL, for clients that number no sessions. */
import assert from 'node:assert/strict';
import type { IdentityCase, TableRow } from '../support/identity-case.ts';

const MINUTE_MS = 60_000;
/** Far enough back that nothing here lies in the future. */
const T0 = Date.now() - 180 * MINUTE_MS;

type What = readonly [minute: number, visibility: 'foreground' | 'background'];

const capture = (own: IdentityCase, device: number, library: 'web' | 'ios', events: readonly What[]) =>
  own.post('/v1/capture', {
    app_id: '11',
    user_id: String(own.device(device)),
    library,
    events: events.map(([minute, app_visibility]) => ({
      type: 'custom',
      name: 'Synced',
      timestamp: T0 + Math.round(minute * MINUTE_MS),
      app_visibility,
    })),
  });

export const SESSION_TABLE: readonly TableRow[] = [
  {
    name: 'what an app does in the background shares a session and keeps none open, outside of any it is one by itself',
    ways: ['client'],
    async send(own) {
      await capture(own, 1, 'ios', [
        [0, 'foreground'],
        [4, 'background'],
        [8, 'foreground'],
      ]);
      await capture(own, 2, 'ios', [
        [20, 'background'],
        [21, 'background'],
      ]);
      // Out of order: the session that comes over the lone event takes it in.
      await capture(own, 3, 'ios', [
        [41, 'background'],
        [42, 'foreground'],
      ]);
      await capture(own, 3, 'ios', [[40, 'foreground']]);
    },
    async check(own) {
      const [first, second, third] = [own.device(1), own.device(2), own.device(3)] as const;
      assert.deepEqual(await own.sessions(), [
        ...[2, 1].map((events) => [first, events]),
        ...[1, 1].map((events) => [second, events]),
        [third, 3],
      ]);
    },
  },
  {
    name: 'events exactly half an hour apart share a session on the web, a millisecond more makes two',
    ways: ['client'],
    async send(own) {
      const aMillisecond = 1 / MINUTE_MS;
      await capture(own, 1, 'web', [
        [0, 'foreground'],
        [30, 'background'],
        [60 + aMillisecond, 'foreground'],
      ]);
    },
    async check(own) {
      assert.deepEqual(await own.sessions(), [
        [own.device(1), 2],
        [own.device(1), 1],
      ]);
    },
  },
];
