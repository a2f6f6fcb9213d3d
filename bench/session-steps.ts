import { pathToFileURL } from 'node:url';
import type { InputRecord, Processor } from '#lib/streams/processor.ts';
import { collectedCodec } from '#schemas/codec.ts';
import { foreignAnonymousId, recordKey } from '#schemas/ids.ts';

/**
 * What an event costs in the sessionizer's core, in microseconds, with many sessions open: transactions of a few
 * and of many records, over this tree's core and, beside it in turns, that of another one. Compare the ratio.
 *
 *     node bench/session-steps.ts [path of another services/sessionizer/core/processor.ts]
 */

const OPEN_SESSIONS = 200_000;
const EVENTS = 20_000;
const ROUNDS = 9;
const TRANSACTIONS = [1, 20, 500] as const;
const START_MS = Date.UTC(2026, 0, 10);

const own = new URL('../services/sessionizer/core/processor.ts', import.meta.url).href;
const other = process.argv[2];
const cores = [own, ...(other === undefined ? [] : [pathToFileURL(other).href])];
type Core = { processor: Processor<unknown>; state: unknown };

function aRecord(number: number): InputRecord {
  const device = foreignAnonymousId(`device ${(number * 7919) % OPEN_SESSIONS}`);
  const atMs = START_MS + number;
  const value = collectedCodec.encode({
    kind: 'event',
    environment: 1,
    user_id: device,
    device_id: device,
    event_id: number + 1,
    source: 'web',
    type: number % 2 === 0 ? 'view page' : 'click',
    time: atMs,
    received_at: atMs,
    domain: 'shop.example',
    path: `/products/${number % 1000}`,
    query: `?utm_source=news&utm_campaign=c${number % 50}`,
    referrer: 'https://www.google.com/',
    browser: 'Firefox 140',
    platform: 'Linux',
    device_type: 'Desktop',
    country: 'Germany',
    region: 'Hamburg',
    city: 'Hamburg',
    ip: '203.0.113.7',
  });
  const origin = { topic: 'events.collected', partition: 0, offset: BigInt(number) };
  return { key: recordKey(1, device), value, timestampMs: atMs, origin };
}

function run({ processor, state }: Core, records: readonly InputRecord[], perTransaction: number): void {
  records.forEach((record, index) => {
    processor.step(state, record, record.timestampMs);
    if ((index + 1) % perTransaction === 0) processor.flush(state);
  });
  processor.flush(state);
}

const running: Core[] = [];
for (const core of cores) {
  const { createSessionizer } = (await import(core)) as { createSessionizer: () => Processor<unknown> };
  const processor = createSessionizer();
  running.push({ processor, state: processor.createState() });
}
let next = 0;
const nextRecords = (count: number) => Array.from({ length: count }, () => aRecord(next++));
for (let opened = 0; opened < OPEN_SESSIONS; opened += EVENTS) {
  const records = nextRecords(EVENTS);
  for (const core of running) run(core, records, 500);
}
for (const perTransaction of TRANSACTIONS) {
  const best = running.map(() => Number.POSITIVE_INFINITY);
  for (let round = 0; round < ROUNDS; round += 1) {
    const records = nextRecords(EVENTS);
    running.forEach((core, index) => {
      const before = process.cpuUsage();
      run(core, records, perTransaction);
      const { user, system } = process.cpuUsage(before);
      best[index] = Math.min(best[index] as number, (user + system) / EVENTS);
    });
  }
  const [mine = 0, theirs] = best;
  const ratio =
    theirs === undefined ? '' : `, other ${theirs.toFixed(2)}, ratio ${(mine / theirs).toFixed(2)}`;
  process.stdout.write(`transactions of ${perTransaction}: ${mine.toFixed(2)} us an event${ratio}\n`);
}
