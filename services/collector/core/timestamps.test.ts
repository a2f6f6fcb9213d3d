import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LAST_TIME_MS } from '#schemas/collected-checks.ts';
import { DAY_MS, MAX_AGE_MS, RECEIVED_AT } from './testing.ts';
import { parseTime, settleTime } from './timestamps.ts';

const MINUTE_MS = 60_000;

test('parseTime() reads what clients send', () => {
  const noon = Date.UTC(2017, 2, 10, 12);
  const cases: [value: unknown, want: number | undefined][] = [
    ['2017-03-10T22:21:56+00:00', Date.UTC(2017, 2, 10, 22, 21, 56)],
    ['2017-03-10T12:00:00Z', noon],
    ['2017-03-10t12:00:00z', noon],
    ['2017-03-10T12:00:00', noon],
    ['2017-03-10 12:00:00', noon],
    ['2017-03-10 12:00:00 +00:00', noon],
    ['2017-03-10T12:00Z', noon],
    ['2017-03-10T14:30:00+02:30', noon],
    ['2017-03-10T14:30:00+0230', noon],
    ['2017-03-10T04:00:00-08', noon],
    ['2017-03-10T12:00:00.5Z', noon + 500],
    ['2017-03-10T12:00:00,1239999Z', noon + 123],
    ['2017-03-10', Date.UTC(2017, 2, 10)],
    ['2016-02-29T00:00:00Z', Date.UTC(2016, 1, 29)],
    ['1969-12-31T23:59:59Z', -1000],
    [noon, noon],
    [noon + 0.9, noon],
    [String(noon), noon],
    ['2017-02-29T00:00:00Z', undefined],
    ['2017-13-01', undefined],
    ['2017-03-10T24:00:00Z', undefined],
    ['2017-03-10T12:60:00Z', undefined],
    ['2017-03-10T12:00:00+25:00', undefined],
    ['0050-03-10', undefined],
    ['March 10, 2017', undefined],
    ['', undefined],
    ['12:00', undefined],
    [1e300, undefined],
    [Number.POSITIVE_INFINITY, undefined],
    ['9999999999999999', undefined],
    [true, undefined],
    [{}, undefined],
    [null, undefined],
  ];
  for (const [value, want] of cases) assert.equal(parseTime(value), want, JSON.stringify(value));
});

test('parseTime() reads every time a date can write', () => {
  fc.assert(
    fc.property(
      fc.date({ min: new Date('0100-01-01'), max: new Date('9999-12-31'), noInvalidDate: true }),
      (date) => {
        assert.equal(parseTime(date.toISOString()), date.getTime());
      },
    ),
  );
});

/*
 * received = 12:00, times in minutes from there
 *
 *   sent   occurred   logged
 *    -        -10       -10   no sent-at: the client is believed
 *    -       +600      +600   ... up to a day ahead
 *    -      +1500         0   ... but no further
 *    0        -10       -10   clocks agree
 *   +60       +50       -10   the client's clock is an hour fast
 *   -60       -70       -10   ... or slow
 *   +60       +70         0   occurred after it was sent: when it was received
 *    0         +5         0   never later than received
 */
test('settleTime() corrects a wrong clock only where the request says when it was sent', () => {
  const cases: [sent: number | undefined, occurred: number, logged: number, flags: string[]][] = [
    [undefined, -10, -10, []],
    [undefined, 600, 600, []],
    [undefined, 1440, 1440, []],
    [undefined, 1500, 0, ['time_clamped']],
    [0, -10, -10, []],
    [0.9, -10, -10, []],
    [1, -9, -10, ['time_corrected']],
    [60, 50, -10, ['time_corrected']],
    [-60, -70, -10, ['time_corrected']],
    [60, 70, 0, ['time_corrected']],
    [0, 5, 0, ['time_clamped']],
  ];
  for (const [sent, occurred, logged, wantFlags] of cases) {
    const at = (minutes: number) => RECEIVED_AT + minutes * MINUTE_MS;
    const flags: string[] = [];
    const sentAt = sent === undefined ? undefined : at(sent);
    const settled = settleTime(
      at(occurred),
      { receivedAt: RECEIVED_AT, sentAt, maxAgeMs: MAX_AGE_MS },
      flags,
    );
    assert.deepEqual(
      { settled, flags },
      {
        settled: { time: at(logged), clientTime: logged === occurred ? 0 : at(occurred) },
        flags: wantFlags,
      },
      `sent ${sent}, occurred ${occurred}`,
    );
  }
});

test('settleTime() keeps no client time that cannot be stored', () => {
  const clock = { receivedAt: RECEIVED_AT, sentAt: undefined, maxAgeMs: MAX_AGE_MS };
  // The year 9999, and microseconds taken for milliseconds.
  for (const value of ['9999-12-31T23:59:59Z', RECEIVED_AT * 1000])
    assert.deepEqual(settleTime(value, clock, []), { time: RECEIVED_AT, clientTime: LAST_TIME_MS });
});

test('settleTime() takes the receive time where the client names none', () => {
  const clock = { receivedAt: RECEIVED_AT, sentAt: undefined, maxAgeMs: MAX_AGE_MS };
  for (const value of [undefined, null]) {
    assert.deepEqual(settleTime(value, clock, []), { time: RECEIVED_AT, clientTime: 0 });
  }
});

test('settleTime() refuses what it cannot read and what is too old', () => {
  const clock = { receivedAt: RECEIVED_AT, sentAt: undefined, maxAgeMs: 10 * DAY_MS };
  assert.deepEqual(settleTime('yesterday', clock, []), {
    code: 'invalid_timestamp',
    message: 'Cannot read timestamp: want ISO 8601 or epoch milliseconds, current value is "yesterday"',
  });
  assert.deepEqual(settleTime(1_500_000_000, clock, []), {
    code: 'timestamp_too_old',
    message:
      'Cannot accept timestamp 1500000000: it is more than 10 days ago (numbers are epoch milliseconds)',
  });
  assert.deepEqual(settleTime(RECEIVED_AT - 10 * DAY_MS, clock, []), {
    time: RECEIVED_AT - 10 * DAY_MS,
    clientTime: 0,
  });
});

test('settleTime() judges age after the correction', () => {
  const clock = { receivedAt: RECEIVED_AT, sentAt: 5000, maxAgeMs: DAY_MS };
  assert.deepEqual(settleTime(2000, clock, []), { time: RECEIVED_AT - 3000, clientTime: 2000 });
});
