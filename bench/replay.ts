import { spawn } from 'node:child_process';
import { loadavg } from 'node:os';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createClickHouse } from '#lib/clickhouse/client.ts';
import { openClickHouse } from '../cli/clickhouse-access.ts';
import type { Variables } from '../cli/command.ts';
import { compareGenerations } from '../cli/generations/compare-generations.ts';
import type { ReplayResult } from '../cli/generations/run-replay.ts';
import { openKafka } from '../cli/kafka-access.ts';
import type { Stack } from '../cli/stack.ts';
import { waitUntilLoaded } from '../cli/verify/wait-until-loaded.ts';
import { compareTables, type StoredRows } from './compare-tables.ts';
import { LiveTraffic, sendPeople, type TrafficFigures } from './live-traffic.ts';
import { type Load, type Surroundings, sendLoad, withOwnStack } from './own-stack.ts';

export type ReplayBenchOptions = Load &
  Surroundings & {
    /** Events a second that clients send all the while. */
    readonly rate: number;
  };

export type PhaseFigures = Omit<TrafficFigures, 'acknowledgeMs' | 'queryableMs'> & {
  readonly seconds: number;
  readonly acknowledgeMs: Percentiles;
  readonly queryableMs: Percentiles;
};

export type Percentiles = { readonly p50: number; readonly p99: number; readonly count: number };

export type ReplayBench = {
  readonly events: number;
  readonly rate: number;
  /** Events a second that the first generation took, from the first request to the last row. */
  readonly loadedPerSecond: number;
  /** Seconds from the start of the command until the new generation had caught up, and until readers were switched. */
  readonly caughtUpSeconds: number;
  readonly switchedSeconds: number;
  /** Records of the log that the new generation read, a second until it had caught up. */
  readonly replayedPerSecond: number;
  readonly before: PhaseFigures;
  readonly during: PhaseFigures;
  /** Equal over what readers see, ids resolved, as the replay itself verifies; by table. */
  readonly resolved: readonly { readonly table: string; readonly equal: boolean }[];
  /** Equal over the columns as they are stored. */
  readonly stored: readonly StoredRows[];
  readonly equal: boolean;
  readonly loadAverage: number;
};

const BEFORE_MS = 30_000;
const DATABASE = 'main_production';
/** Longest time for what is under way to be loaded, and for a comparison to come out equal. */
const PATIENCE_MS = 30 * 60 * 1000;
const DEVICES = 50_000;
const EVENTS_PER_PERSON = 100;

/** Replays a log beside live traffic in a stack of its own, and compares every table of both generations. */
export function benchReplay(options: ReplayBenchOptions): Promise<ReplayBench> {
  return withOwnStack(options, (stack, env) => measure(stack, env, options));
}

async function measure(stack: Stack, env: Variables, options: ReplayBenchOptions): Promise<ReplayBench> {
  const { events, rate, signal, progress } = options;
  const clickhouse = createClickHouse({ url: stack.clickhouseUrl, timeoutMs: PATIENCE_MS });
  const { loadedSeconds } = await sendLoad(stack.collectorUrl, clickhouse, options, options);
  const people = Math.ceil(events / EVENTS_PER_PERSON);
  progress(`sending ${people} identifies, with properties of users and accounts`);
  await sendPeople(stack.collectorUrl, people, DEVICES);
  progress(`live traffic of ${rate} events/s, ${BEFORE_MS / 1000} s before the replay`);
  const traffic = new LiveTraffic({
    collectorUrl: stack.collectorUrl,
    clickhouse,
    database: DATABASE,
    eventsPerSecond: rate,
    devices: DEVICES,
  });
  try {
    await pause(BEFORE_MS, undefined, { signal });
    const before = summary(traffic.take(), BEFORE_MS / 1000);
    const startedAt = performance.now();
    const replayed = await runReplay(env, options);
    const during = summary(traffic.take(), (performance.now() - startedAt) / 1000);
    progress('stopping the traffic');
    await traffic.stop();
    const { generation, replaced } = replayed.result;
    const generations = [replaced, generation] as const;
    const resolved = await compareResolved(stack, generations, options);
    const stored = await compareTables(clickhouse, generations);
    return {
      events,
      rate,
      loadedPerSecond: events / loadedSeconds,
      caughtUpSeconds: replayed.caughtUpSeconds,
      switchedSeconds: replayed.switchedSeconds,
      replayedPerSecond: replayed.records / replayed.caughtUpSeconds,
      before,
      during,
      resolved,
      stored,
      equal: [...resolved, ...stored].every(({ equal }) => equal),
      loadAverage: loadavg()[0] ?? 0,
    };
  } finally {
    await traffic.stop();
  }
}

type Replayed = {
  readonly result: ReplayResult;
  readonly records: number;
  readonly caughtUpSeconds: number;
  readonly switchedSeconds: number;
};

type ReplayLine = { readonly event: string; readonly read: number; readonly lag: number };

/** Runs `cairn replay` as an operator does. Throws Error where it does not switch. */
async function runReplay(env: Variables, { signal, progress }: Surroundings): Promise<Replayed> {
  const startedAt = performance.now();
  const seconds = () => (performance.now() - startedAt) / 1000;
  const main = fileURLToPath(new URL('../cli/main.ts', import.meta.url));
  const child = spawn(process.execPath, [main, 'replay', '--json', '--timeout', `${PATIENCE_MS / 1000}s`], {
    env: { ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    signal,
  });
  let result: ReplayResult | undefined;
  let records = 0;
  let caughtUpSeconds = 0;
  let switchedSeconds = 0;
  createInterface({ input: child.stderr }).on('line', (line) => progress(`replay: ${line}`));
  createInterface({ input: child.stdout }).on('line', (text) => {
    const line = JSON.parse(text) as ReplayLine;
    if (line.event === 'progress') {
      records = line.read;
      caughtUpSeconds = seconds();
    }
    if (line.event === 'switched') switchedSeconds = seconds();
    if (line.event === 'done') result = line as unknown as ReplayResult;
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('close', resolve);
    child.once('error', reject);
  });
  if (code !== 0 || result === undefined || !result.switched)
    throw new Error(`Cannot measure the replay: it ended with ${code} and did not switch`);
  return { result, records, caughtUpSeconds, switchedSeconds };
}

/** As the replay's own verification, once nothing is sent any more: no device is a moment ahead, none is set aside. */
async function compareResolved(
  stack: Stack,
  generations: readonly [number, number],
  { progress }: Surroundings,
) {
  const kafka = await openKafka(stack.brokers);
  const clickhouse = openClickHouse(stack.clickhouseUrl);
  try {
    for (const generation of generations) {
      progress(`waiting until generation ${generation} has loaded everything`);
      await waitUntilLoaded({ kafka, generation, timeoutMs: PATIENCE_MS, progress });
    }
    const nothingLeft = { offset: BigInt(Number.MAX_SAFE_INTEGER), streamTimeMs: Date.now() };
    const cuts = (await kafka.reader.partitions('events.collected')).map(() => nothingLeft);
    progress('comparing the generations');
    const { tables } = await compareGenerations(clickhouse, { generations, cuts, blocked: [] });
    return tables.map(({ table, equal, setAside }) => ({ table, equal: equal && setAside === 0 }));
  } finally {
    await clickhouse.close();
    await kafka.close();
  }
}

function summary(figures: TrafficFigures, seconds: number): PhaseFigures {
  return {
    ...figures,
    seconds,
    acknowledgeMs: percentiles(figures.acknowledgeMs),
    queryableMs: percentiles(figures.queryableMs),
  };
}

function percentiles(values: readonly number[]): Percentiles {
  const sorted = values.toSorted((left, right) => left - right);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  return { p50: at(0.5), p99: at(0.99), count: sorted.length };
}
