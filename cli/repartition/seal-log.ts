import { setTimeout as pause } from 'node:timers/promises';
import { type Admin, type ConfigResourceTypes, Partitioners, type Producer } from 'kafkajs';
import { createKafka } from '#lib/kafka/client.ts';
import { isTooLarge } from '#lib/kafka/too-large.ts';
import { createLogger } from '#lib/service/logger.ts';
import { MAX_BATCH_BYTES } from '#schemas/topics.ts';
import type { KafkaAccess } from '../kafka-access.ts';
import { CommandError } from '../usage-error.ts';
import { tickMessage } from './copy-requests.ts';

/** ConfigResourceTypes.TOPIC, which kafkajs does not export in a way that an ES module can import. */
const TOPIC_RESOURCE: ConfigResourceTypes = 2;
/** DYNAMIC_TOPIC_CONFIG: what was set for the topic itself. */
const OF_TOPIC = 1;
const LIMIT = 'max.message.bytes';

/**
 * Largest batch of a sealed log. The smallest batch with a record of ours has 139 bytes; a transaction's marker has
 * 78 and must pass, or a transaction that was open when the log was sealed would never end.
 */
export const SEALED_BATCH_BYTES = 100;

const RETRY_AFTER_MS = 20;
const PATIENCE_MS = 30_000;
/** A batch that passed the check of its size a moment before the seal is in the log by then. */
const SETTLE_MS = 250;

/** Writes ticks to partitions of a log, and proves that it takes none. */
export class LogTicks {
  readonly #producer: Producer;
  readonly #ready: Promise<void>;

  constructor(brokers: readonly string[]) {
    const log = createLogger('cli', 'silent');
    this.#producer = createKafka({ clientId: 'cairn-cli', brokers, log }).producer({
      createPartitioner: Partitioners.DefaultPartitioner,
      allowAutoTopicCreation: false,
      retry: { initialRetryTime: 50, maxRetryTime: 500, retries: 10 },
    });
    this.#ready = this.#producer.connect();
    this.#ready.catch(() => {});
  }

  /** Has stream time advance to now in some partitions, as a collector does in silent ones. */
  async write(topic: string, partitions: readonly number[]): Promise<void> {
    await this.#ready;
    const messages = partitions.map((partition) => tickMessage(partition, Date.now()));
    await this.#producer.send({ topic, acks: -1, messages });
  }

  /** Resolves when a partition has refused a tick. Throws CommandError where it goes on taking them. */
  async proveSealed(topic: string, partition: number): Promise<void> {
    const giveUpAtMs = performance.now() + PATIENCE_MS;
    for (;;) {
      try {
        await this.write(topic, [partition]);
      } catch (error) {
        if (isTooLarge(error)) return;
        throw error;
      }
      if (performance.now() > giveUpAtMs)
        throw new CommandError(`Cannot seal ${topic}: partition ${partition} still takes records`);
      await pause(RETRY_AFTER_MS);
    }
  }

  async close(): Promise<void> {
    await this.#producer.disconnect();
  }
}

/**
 * Has the brokers refuse every record for a log, whoever sends it, and answers where it ends. Nobody can write to it
 * any more, not even a collector that knows nothing of it.
 */
export async function sealLog(
  { admin, reader }: KafkaAccess,
  ticks: LogTicks,
  topic: string,
): Promise<readonly bigint[]> {
  await setLimit(admin, topic, SEALED_BATCH_BYTES);
  const partitions = await reader.partitions(topic);
  await Promise.all(partitions.map((partition) => ticks.proveSealed(topic, partition)));
  return endsOfSealed({ reader }, topic);
}

/** Ends of a sealed log, once it has no open transaction. */
export async function endsOfSealed(
  { reader }: Pick<KafkaAccess, 'reader'>,
  topic: string,
): Promise<readonly bigint[]> {
  const giveUpAtMs = performance.now() + 2 * PATIENCE_MS;
  for (;;) {
    const partitions = await reader.partitions(topic);
    const ends = await Promise.all(partitions.map((partition) => reader.highWatermark(topic, partition)));
    const readable = await Promise.all(partitions.map((partition) => reader.bounds(topic, partition)));
    if (readable.every(({ end }, partition) => end >= (ends[partition] ?? 0n))) return ends;
    if (performance.now() > giveUpAtMs)
      throw new CommandError(`Cannot copy the end of ${topic}: a transaction in it does not end`);
    await pause(RETRY_AFTER_MS);
  }
}

/** Waits until what may have been on its way into a log when it was sealed is in it. */
export async function settle(): Promise<void> {
  await pause(SETTLE_MS);
}

/** Has a sealed log take records again. */
export async function unsealLog(admin: Admin, topic: string): Promise<void> {
  await setLimit(admin, topic, MAX_BATCH_BYTES);
}

/** Sets the limit and nothing else: Kafka's alterConfigs resets what it is not given. */
async function setLimit(admin: Admin, topic: string, bytes: number): Promise<void> {
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type: TOPIC_RESOURCE, name: topic }],
  });
  const others = (resources[0]?.configEntries ?? [])
    .filter(({ configSource, configName }) => Number(configSource) === OF_TOPIC && configName !== LIMIT)
    .map(({ configName, configValue }) => ({ name: configName, value: configValue }));
  await admin.alterConfigs({
    validateOnly: false,
    resources: [
      {
        type: TOPIC_RESOURCE,
        name: topic,
        configEntries: [...others, { name: LIMIT, value: String(bytes) }],
      },
    ],
  });
}
