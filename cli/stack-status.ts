import { hidePassword } from '#lib/config/hide-password.ts';
import { RETRY_TAKEN } from '#lib/streams/retry.ts';
import type { TopicName } from '#schemas/topics.ts';
import {
  type DuplicatesBound,
  duplicatesBoundOf,
} from '../services/identity-merger/core/duplicates-bound.ts';
import { openClickHouse } from './clickhouse-access.ts';
import { type KafkaAccess, openKafka } from './kafka-access.ts';
import type { LocatedStack } from './locate-stack.ts';
import { type PartitionProgress, progressOfStages } from './progress-of-stages.ts';

const PROBE_TIMEOUT_MS = 2000;
const RATE_WINDOW_MS = 60_000;

export type ServiceStatus = {
  readonly name: string;
  /** Generation it works for; a collector works for all. */
  readonly generation: number;
  readonly pid: number | null;
  readonly ready: boolean;
  /** Why it is not ready; empty where it is. */
  readonly reason: string;
  readonly url: string;
  readonly restarts: number;
  /** Records not processed yet, all inputs together. */
  readonly lag: number;
  /** Age of the oldest record not processed yet, in milliseconds. */
  readonly oldestAgeMs: number | null;
  /** Records it rejected that were not put back. */
  readonly deadLetters: number;
  /** Records by kind and outcome since the beginning of the log. */
  readonly counts: Readonly<Record<string, number>>;
  readonly inputs: readonly {
    readonly topic: TopicName;
    /** The topic's name in Kafka. */
    readonly kafkaTopic: string;
    readonly partition: number;
    readonly committed: number;
    readonly end: number;
    readonly lag: number;
  }[];
};

export type StackStatus = {
  readonly ready: boolean;
  readonly pid: number | null;
  readonly generation: number;
  /** Partitions of the log that the generation reads. */
  readonly partitions: number;
  readonly kafka: { readonly brokers: string; readonly pid: number | null; readonly ready: boolean };
  /** The URL is for people: without its password. */
  readonly clickhouse: { readonly url: string; readonly pid: number | null; readonly ready: boolean };
  readonly services: readonly ServiceStatus[];
  /** Records collected per second, ticks included, over the last minute. */
  readonly collectedPerSecond: number;
  /** Records that stages rejected and that were not put back. */
  readonly deadLetters: number;
  /** What the live generation remembers of idempotency keys; null before its merger has said so. */
  readonly duplicates: DuplicatesBound | null;
};

/** Asks every part of a stack how it is. Throws CommandError where Kafka does not answer. */
export async function readStackStatus(stack: LocatedStack): Promise<StackStatus> {
  const { brokers, clickhouseUrl, generation, run } = stack;
  const nowMs = Date.now();
  const kafka = await openKafka(brokers);
  try {
    // An old generation that can be switched back to runs beside the live one.
    const others = new Set(run?.services.map((service) => service.generation ?? generation));
    others.delete(generation);
    const [progress, otherProgress, collectedPerSecond, clickhouseReady, probes] = await Promise.all([
      progressOfStages(kafka, generation),
      Promise.all([...others].map(async (other) => [other, await progressOfStages(kafka, other)] as const)),
      rateOf(kafka, await kafka.topicOf('events.collected', generation), nowMs),
      answers(clickhouseUrl),
      Promise.all(
        (run?.services ?? []).map(async (service) => [service, await notReady(service.url)] as const),
      ),
    ]);
    const running = probes.map(([service, reason]) => ({ ...service, reason, ready: reason === '' }));
    // Without a run file the services are someone else's processes: their lag is all that can be told.
    const stages = [...new Set(progress.map(({ service }) => service))];
    const known =
      run === undefined
        ? stages.map((name) => ({
            name,
            generation,
            pid: null,
            url: '',
            restarts: 0,
            reason: '',
            ready: true,
          }))
        : running;
    const progressByGeneration = new Map([[generation, progress] as const, ...otherProgress]);
    const services = known.map((service) => {
      const own = service.generation ?? generation;
      return {
        ...service,
        generation: own,
        ...progressOf(service.name, progressByGeneration.get(own) ?? [], nowMs),
      };
    });
    return {
      ready: clickhouseReady && services.every(({ ready }) => ready),
      pid: run?.pid ?? null,
      generation,
      partitions: new Set(progress.map(({ partition }) => partition)).size || stack.partitions,
      kafka: { brokers: brokers.join(','), pid: run?.kafkaPid || null, ready: true },
      clickhouse: {
        url: hidePassword(clickhouseUrl),
        pid: run?.clickhousePid || null,
        ready: clickhouseReady,
      },
      services,
      collectedPerSecond,
      deadLetters: deadLettersOf(countsOf(progress)),
      duplicates: duplicatesBoundOf(progress.map(({ facts }) => facts)) ?? null,
    };
  } finally {
    await kafka.close();
  }
}

function progressOf(service: string, all: readonly PartitionProgress[], nowMs: number) {
  const own = all.filter((progress) => progress.service === service);
  const oldest = own.map(({ oldestMs }) => oldestMs).filter((ms) => ms !== undefined);
  const counts = countsOf(own);
  return {
    lag: own.reduce((sum, { lag }) => sum + lag, 0),
    oldestAgeMs: oldest.length === 0 ? null : Math.max(0, nowMs - Math.min(...oldest)),
    deadLetters: deadLettersOf(counts),
    counts,
    inputs: own.map(({ topic, kafkaTopic, partition, committed, end, lag }) => ({
      topic,
      kafkaTopic,
      partition,
      committed: Number(committed),
      end: Number(end),
      lag,
    })),
  };
}

/** Counters of some partitions added up. */
function countsOf(all: readonly PartitionProgress[]): Record<string, number> {
  const sum: Record<string, number> = {};
  for (const { counts } of all)
    for (const [name, count] of Object.entries(counts)) sum[name] = (sum[name] ?? 0) + count;
  return sum;
}

/** A record that was put back was rejected before, and is counted again where that happens again. */
function deadLettersOf(counts: Readonly<Record<string, number>>): number {
  const rejected = Object.entries(counts).filter(([name]) => name.endsWith('.rejected'));
  return rejected.reduce((sum, [, count]) => sum + count, -(counts[RETRY_TAKEN] ?? 0));
}

/** Records of the last minute, per second: receive time is the record's timestamp. */
async function rateOf({ admin, reader }: KafkaAccess, topic: string, nowMs: number): Promise<number> {
  if (!(await admin.listTopics()).includes(topic)) return 0;
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
  const counts = await Promise.all(
    (topics[0]?.partitions ?? []).map(async ({ partitionId }) => {
      const from = await reader.offsetAtTime(topic, partitionId, nowMs - RATE_WINDOW_MS);
      return from === undefined ? 0 : Number((await reader.bounds(topic, partitionId)).end - from);
    }),
  );
  return Math.round((counts.reduce((sum, count) => sum + count, 0) * 10_000) / RATE_WINDOW_MS) / 10;
}

async function answers(clickhouseUrl: string): Promise<boolean> {
  const clickhouse = openClickHouse(clickhouseUrl, PROBE_TIMEOUT_MS);
  try {
    return (await clickhouse.ping()).success;
  } finally {
    await clickhouse.close();
  }
}

/** Why a service does no work now; empty when it does. */
async function notReady(url: string): Promise<string> {
  if (url === '') return 'starting';
  try {
    const response = await fetch(new URL('/readyz', url), { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) });
    const text = (await response.text()).trim();
    return response.ok ? '' : text || `status ${response.status}`;
  } catch {
    return 'does not answer';
  }
}
