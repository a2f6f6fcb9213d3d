import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type Admin, type Kafka, Partitioners } from 'kafkajs';
import { createClickHouse } from '#lib/clickhouse/client.ts';
import { createKafka } from '#lib/kafka/client.ts';
import { ensureTopics } from '#lib/kafka/ensure-topics.ts';
import { waitForKafka } from '#lib/kafka/wait-for-kafka.ts';
import { createLogger } from '#lib/service/logger.ts';
import { collectedCodec, migrationCodec, sessionCodec } from '#schemas/codec.ts';
import { canonicalUserId, partitionOf, recordKey, sessionKey } from '#schemas/ids.ts';
import { ORIGIN_HEADERS, topicInKafka } from '#schemas/topics.ts';
import type { Collected, Migration, Session } from '#schemas/types.ts';
import { type Backend, startBackend } from './backend.ts';
import { until } from './until.ts';

const PARTITIONS = 2;

/** Time that builders give where a test does not care. */
export const T0 = Date.UTC(2026, 0, 1);

export type LoaderRecord = { readonly key: Buffer; readonly value: Buffer; readonly partition?: number };

/** A loader between real servers, fed by the test in place of the stages before it. */
export type LoaderStage = {
  readonly backend: Backend;
  readonly kafka: Kafka;
  readonly admin: Admin;
  /** A loader process that is not waited for. */
  fork(settings?: Readonly<Record<string, string>>): ChildProcess;
  /** Starts the loader and waits until it is ready. */
  start(settings?: Readonly<Record<string, string>>): Promise<void>;
  /** Ends the loader by a signal and waits until it is gone. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Sends records to a topic of generation 1, each with an origin of its own. */
  send(topic: SentTopic, records: readonly LoaderRecord[]): Promise<void>;
  rows<Row>(sql: string): Promise<Row[]>;
  /** Counters that the loader committed for a topic, and whether it has committed all of it. */
  committed(topic: string): Promise<{ counts: Record<string, number>; isAll: boolean }>;
  /** Waits until a query answers exactly this. */
  untilRows(sql: string, expected: readonly unknown[]): Promise<void>;
  /** Ends all of it. */
  stop(): Promise<void>;
};

type SentTopic = 'events.sessionized' | 'profile.changes' | 'sessions' | 'identity.migrations';

export async function startLoaderStage(): Promise<LoaderStage> {
  const log = createLogger('test', 'error');
  const backend = await startBackend();
  const kafka = createKafka({ clientId: 'test', brokers: backend.brokers, log });
  const admin = await waitForKafka({ clientId: 'test', brokers: backend.brokers, log });
  await ensureTopics(admin, { generation: 1, partitions: PARTITIONS, replicationFactor: 1 });
  const producer = kafka.producer({ idempotent: true, createPartitioner: Partitioners.DefaultPartitioner });
  await producer.connect();
  const clickHouse = createClickHouse({ url: backend.clickhouseUrl });
  let loader: ChildProcess | undefined;
  let origin = 0;

  const stage: LoaderStage = {
    backend,
    kafka,
    admin,
    fork: (settings = {}) =>
      fork(fileURLToPath(new URL('../../services/loader/main.ts', import.meta.url)), {
        env: {
          ...process.env,
          CAIRN_KAFKA_BROKERS: backend.brokers.join(','),
          CAIRN_CLICKHOUSE_URL: backend.clickhouseUrl,
          CAIRN_PARTITIONS: String(PARTITIONS),
          CAIRN_LOADER_FLUSH_MS: '50',
          CAIRN_LOG_LEVEL: 'error',
          ...settings,
        },
      }),
    async start(settings) {
      const child = stage.fork(settings);
      loader = child;
      const exited = once(child, 'exit').then(([code]) => {
        throw new Error(`The loader ended with ${code} before it was ready`);
      });
      await Promise.race([once(child, 'message'), exited]);
      exited.catch(() => undefined);
    },
    async kill(signal) {
      const child = loader;
      loader = undefined;
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
      const exit = once(child, 'exit');
      child.kill(signal);
      await exit;
    },
    async send(topic, records) {
      await producer.send({
        topic: topicInKafka(topic, 1),
        messages: records.map(({ key, value, partition }) => ({
          key,
          value,
          partition: partition ?? partitionOf(key, PARTITIONS),
          timestamp: String(Date.now()),
          headers: {
            [ORIGIN_HEADERS.topic]: 'events.collected',
            [ORIGIN_HEADERS.partition]: '0',
            [ORIGIN_HEADERS.offset]: String(origin++),
          },
        })),
      });
    },
    rows: (sql) => clickHouse.query(sql, { output_format_json_quote_64bit_integers: 0 }),
    async committed(topic) {
      const [offsets] = await admin.fetchOffsets({ groupId: 'loader.g1', topics: [topic] });
      const ends = await admin.fetchTopicOffsets(topic);
      const counts: Record<string, number> = {};
      let isAll = true;
      for (const { partition, offset, metadata } of offsets!.partitions) {
        isAll &&= offset === ends.find((end) => end.partition === partition)!.high;
        for (const [outcome, count] of Object.entries(JSON.parse(metadata || '{"counts":{}}').counts)) {
          counts[outcome] = (counts[outcome] ?? 0) + (count as number);
        }
      }
      return { counts, isAll };
    },
    async untilRows(sql, expected) {
      let last: unknown;
      const wanted = JSON.stringify(expected);
      await until(`${sql} to answer ${wanted}, not`, async () => {
        last = await stage.rows(sql).catch((error: Error) => error.message);
        if (JSON.stringify(last) === wanted) return true;
        throw new Error(JSON.stringify(last));
      });
    },
    async stop() {
      await stage.kill('SIGTERM');
      await producer.disconnect();
      await admin.disconnect();
      await backend.stop();
    },
  };
  return stage;
}

/** A record of kind event, or another of the kinds of `Collected`. */
export function event(fields: Partial<Collected>): LoaderRecord {
  return {
    key: recordKey(fields.environment ?? 1, fields.device_id ?? 0),
    value: collectedCodec.encode({
      environment: 1,
      kind: 'event',
      source: 'web',
      user_id: fields.device_id ?? 0,
      time: T0,
      received_at: T0,
      type: fields.name ?? '',
      ...fields,
    }),
  };
}

export function session(fields: Partial<Session>): LoaderRecord {
  const times = { started_at: T0, ended_at: T0, updated_at: T0 };
  return {
    key: sessionKey(1, fields.device_id ?? 0, fields.session_id ?? 0, fields.opened_at ?? 0),
    partition: partitionOf(recordKey(1, fields.device_id ?? 0), PARTITIONS),
    value: sessionCodec.encode({ environment: 1, gap: true, ...times, ...fields }),
  };
}

export function migration(from: number, identity: string, fields: Partial<Migration> = {}): LoaderRecord {
  return {
    key: recordKey(1, from),
    value: migrationCodec.encode({
      environment: 1,
      from_user_id: from,
      to_user_id: canonicalUserId(1, identity),
      identity,
      bound_at: T0,
      time: T0,
      ...fields,
    }),
  };
}
