import { setTimeout as pause } from 'node:timers/promises';
import type { Admin, Kafka } from 'kafkajs';
import type { Logger } from '#lib/service/logger.ts';

const ATTEMPT_RETRIES = 2;
const LOG_EVERY_MS = 5000;

/**
 * An admin connection, once Kafka answers. Waits without limit, saying so now and then: at start the
 * broker may well come up after the service.
 */
export async function waitForKafka(kafka: Kafka, brokers: readonly string[], log: Logger): Promise<Admin> {
  let saidAtMs = 0;
  for (;;) {
    const admin = kafka.admin({ retry: { initialRetryTime: 100, retries: ATTEMPT_RETRIES } });
    try {
      await admin.connect();
      await admin.describeCluster();
      if (saidAtMs > 0) log.info({ brokers }, 'Kafka answers');
      return admin;
    } catch (error) {
      await admin.disconnect().catch(() => undefined);
      if (Date.now() - saidAtMs >= LOG_EVERY_MS) {
        log.warn({ brokers, reason: (error as Error).message }, 'waiting for Kafka');
        saidAtMs = Date.now();
      }
      await pause(250);
    }
  }
}
