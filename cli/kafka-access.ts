import type { Admin } from 'kafkajs';
import { createKafka } from '#lib/kafka/client.ts';
import { PartitionReader } from '#lib/kafka/partition-reader.ts';
import { createLogger } from '#lib/service/logger.ts';
import { CommandError } from './usage-error.ts';

export type KafkaAccess = {
  readonly admin: Admin;
  readonly reader: PartitionReader;
  close(): Promise<void>;
};

/** Connections of a command to Kafka. Throws CommandError where the brokers do not answer. */
export async function openKafka(brokers: readonly string[]): Promise<KafkaAccess> {
  const log = createLogger('cli', 'silent');
  const kafka = createKafka({ clientId: 'cairn-cli', brokers, log });
  const admin = kafka.admin({ retry: { retries: 3 } });
  try {
    await admin.connect();
    const reader = await PartitionReader.open({ brokers, clientId: 'cairn-cli', log });
    return {
      admin,
      reader,
      async close() {
        await reader.close();
        await admin.disconnect();
      },
    };
  } catch (cause) {
    await admin.disconnect();
    throw new CommandError(`Cannot reach Kafka at ${brokers.join(', ')}: ${(cause as Error).message}`, {
      cause,
    });
  }
}
