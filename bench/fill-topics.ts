import { Partitioners, type Producer } from 'kafkajs';
import { createKafka } from '#lib/kafka/client.ts';
import { ensureTopics } from '#lib/kafka/ensure-topics.ts';
import { createLogger } from '#lib/service/logger.ts';
import { encodeMetadata } from '#lib/streams/commit-metadata.ts';
import { originHeaders } from '#lib/streams/origin.ts';
import { collectedCodec, migrationCodec, sessionCodec } from '#schemas/codec.ts';
import {
  canonicalUserId,
  eventIdOfKey,
  foreignAnonymousId,
  gapSessionId,
  idempotencyHash,
  partitionOf,
  recordKey,
  sessionKey,
} from '#schemas/ids.ts';
import { FIRST_REVISION, topicInKafka } from '#schemas/topics.ts';

export type FillOptions = {
  readonly brokers: readonly string[];
  readonly partitions: number;
  /** Devices, each bound to an identity and with one open session. */
  readonly devices: number;
  /** Remembered idempotency keys. */
  readonly ids: number;
  readonly progress: (text: string) => void;
  readonly signal: AbortSignal;
};

/** Generation whose topics are filled. */
export const FILLED_GENERATION = 1;
const ENVIRONMENT = 1;
const HOUR_MS = 60 * 60 * 1000;
/** Within the duplicates window, with room for the measurement itself. */
const IDS_SPAN_MS = 22 * HOUR_MS;
const SESSIONS_SPAN_MS = 12 * HOUR_MS;
const RECORDS_PER_REQUEST = 20_000;
const SAID_EVERY_MS = 5000;

const BROWSING = {
  source: 'web',
  browser: 'Firefox 140',
  platform: 'Linux',
  device_type: 'Desktop',
  country: 'Germany',
  region: 'Hamburg',
  city: 'Hamburg',
  ip: '203.0.113.7',
} as const;

type Message = {
  key: Buffer;
  value: Buffer;
  timestamp: string;
  partition: number;
  headers: ReturnType<typeof originHeaders>;
};

/**
 * Writes what the stages would have published of a day with so many devices and keyed events, as fast as it can be
 * encoded, and commits the stages' groups behind it: a stage that starts then has all of it to restore.
 */
export async function fillTopics(options: FillOptions): Promise<void> {
  const { brokers, partitions, devices, ids, progress, signal } = options;
  const log = createLogger('bench', 'silent');
  const kafka = createKafka({ clientId: 'cairn-bench', brokers, log });
  const admin = kafka.admin();
  await admin.connect();
  const producer = kafka.producer({
    transactionalId: 'bench-fill',
    idempotent: true,
    maxInFlightRequests: 1,
    createPartitioner: Partitioners.DefaultPartitioner,
  });
  try {
    await producer.connect();
    await ensureTopics(admin, { generation: FILLED_GENERATION, partitions, replicationFactor: 1 });
    const nowMs = Date.now();
    const deviceIds = Float64Array.from({ length: devices }, (_, index) =>
      foreignAnonymousId(`device ${index}`),
    );
    const place = (key: Buffer, offset: number) => {
      const partition = partitionOf(key, partitions);
      const origin = { topic: 'events.collected', partition, offset: BigInt(offset) };
      return { partition, headers: originHeaders(origin) };
    };
    const parts: [
      name: Parameters<typeof topicInKafka>[0],
      count: number,
      make: (index: number) => Message,
    ][] = [
      [
        'identity.migrations',
        devices,
        (index) => {
          const from = deviceIds[index] as number;
          const key = recordKey(ENVIRONMENT, from);
          const identity = `person-${index}@shop.example`;
          const atMs = nowMs - IDS_SPAN_MS;
          const value = migrationCodec.encode({
            environment: ENVIRONMENT,
            from_user_id: from,
            to_user_id: canonicalUserId(ENVIRONMENT, identity),
            identity,
            bound_at: atMs,
            time: atMs,
            source: 'web',
            event_id: eventIdOfKey(ENVIRONMENT, identity),
            ...place(key, index),
            offset: index,
          });
          return { key, value, timestamp: String(atMs), ...place(key, index) };
        },
      ],
      [
        'sessions',
        devices,
        (index) => {
          const device = deviceIds[index] as number;
          const eventId = eventIdOfKey(ENVIRONMENT, `first ${index}`);
          const sessionId = gapSessionId(device, eventId);
          const startedAt = nowMs - SESSIONS_SPAN_MS + Math.floor((index / devices) * SESSIONS_SPAN_MS);
          const { source, ...captured } = BROWSING;
          const value = sessionCodec.encode({
            environment: ENVIRONMENT,
            device_id: device,
            session_id: sessionId,
            user_id: canonicalUserId(ENVIRONMENT, `person-${index}@shop.example`),
            gap: true,
            event_id: eventId,
            started_at: startedAt,
            ended_at: startedAt + 60_000,
            updated_at: startedAt + 60_000,
            event_count: 5,
            pageview_count: 2,
            first_pageview_at: startedAt,
            first_pageview_event_id: eventId,
            library: source,
            opened_at: startedAt,
            extended_at: startedAt + 60_000,
            ...captured,
            referrer: 'https://www.google.com/',
            landing_page: `shop.example/products/${index % 1000}`,
            landing_page_query: `?utm_source=news&utm_campaign=c${index % 50}`,
            utm_source: 'news',
            utm_campaign: `c${index % 50}`,
          });
          const { partition, headers } = place(recordKey(ENVIRONMENT, device), index);
          const key = sessionKey(ENVIRONMENT, device, sessionId, startedAt);
          return { key, value, timestamp: String(startedAt + 60_000), partition, headers };
        },
      ],
      [
        'events.identified',
        ids,
        (index) => {
          const device = deviceIds[(index * 7919) % devices] as number;
          const key = recordKey(ENVIRONMENT, device);
          const atMs = nowMs - IDS_SPAN_MS + Math.floor((index / ids) * IDS_SPAN_MS);
          const value = collectedCodec.encode({
            user_id: device,
            kind: 'event',
            environment: ENVIRONMENT,
            device_id: device,
            event_id: index + 1,
            time: atMs,
            received_at: atMs,
            idempotency: idempotencyHash(`order ${index}`),
            name: 'Add to Cart',
            path: '/products/shoes',
            domain: 'shop.example',
            ...BROWSING,
            properties: `{"price":${index % 100},"quantity":1,"category":"shoes"}`,
          });
          return { key, value, timestamp: String(atMs), ...place(key, index) };
        },
      ],
    ];
    for (const [name, count, make] of parts) {
      const topic = topicInKafka(name, FILLED_GENERATION, FIRST_REVISION);
      let saidAt = performance.now();
      for (let at = 0; at < count; at += RECORDS_PER_REQUEST) {
        signal.throwIfAborted();
        const messages = Array.from({ length: Math.min(RECORDS_PER_REQUEST, count - at) }, (_, index) =>
          make(at + index),
        );
        await producer.send({ topic, messages });
        if (performance.now() - saidAt > SAID_EVERY_MS) {
          saidAt = performance.now();
          progress(`${topic}: ${at + messages.length} of ${count} records`);
        }
      }
    }
    await sendTicks(producer, 'events.collected', partitions, nowMs);
    const transaction = await producer.transaction();
    for (const [stage, topic] of FED_BY) {
      const ends = await admin.fetchTopicOffsets(topic);
      const committed = ends.map(({ partition, high }) => ({
        partition,
        offset: high,
        metadata: encodeMetadata({ streamTime: nowMs, counts: {} }),
      }));
      await transaction.sendOffsets({
        consumerGroupId: `${stage}.g${FILLED_GENERATION}`,
        topics: [{ topic, partitions: committed }],
      });
    }
    await transaction.commit();
  } finally {
    await producer.disconnect();
    await admin.disconnect();
  }
}

/** The stages that restore state, and the topics that feed them. */
export const FED_BY = [
  ['identity-merger', 'events.collected'],
  ['sessionizer', topicInKafka('events.identified', FILLED_GENERATION)],
] as const;

/** Gives every partition of a stage's input something to process. */
export async function sendTicks(
  producer: Producer,
  topic: string,
  partitions: number,
  atMs: number,
): Promise<void> {
  const value = collectedCodec.encode({ kind: 'tick', time: atMs, received_at: atMs });
  const ticks = Array.from({ length: partitions }, (_, partition) => ({
    key: recordKey(0, 0),
    value,
    partition,
    timestamp: String(atMs),
  }));
  await producer.send({ topic, messages: ticks });
}
