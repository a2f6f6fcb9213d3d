import { setTimeout as pause } from 'node:timers/promises';
import type { Admin } from 'kafkajs';
import type { Logger } from '#lib/service/logger.ts';
import { createKafka } from './client.ts';

const CONNECTION_RETRIES = 2;
const LOG_EVERY_MS = 5000;

/**
 * An admin connection, once Kafka answers. Waits without limit, saying so now and then: at start the
 * broker may well come up after the service.
 */
export async function waitForKafka(options: {
  clientId: string;
  brokers: readonly string[];
  log: Logger;
}): Promise<Admin> {
  const { brokers, log } = options;
  // One line now and then says it all; kafkajs would report every attempt.
  const quiet = log.child({}, { level: 'error' });
  const kafka = createKafka({ ...options, log: quiet, connectionRetries: CONNECTION_RETRIES });
  let saidAtMs = 0;
  for (;;) {
    const admin = kafka.admin();
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
