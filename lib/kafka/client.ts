import { Kafka, type LogEntry, logLevel } from 'kafkajs';
import type { Logger } from '#lib/service/logger.ts';

/**
 * A Kafka client that logs through the service's logger. Connections are retried without limit: a broker
 * that is down is waited for, and each caller bounds its own patience.
 */
export function createKafka(options: { clientId: string; brokers: readonly string[]; log: Logger }): Kafka {
  return new Kafka({
    clientId: options.clientId,
    brokers: [...options.brokers],
    connectionTimeout: 3000,
    requestTimeout: 30_000,
    retry: { initialRetryTime: 100, maxRetryTime: 2000, retries: Number.MAX_SAFE_INTEGER },
    logLevel: logLevel.WARN,
    logCreator: () => (entry) => forward(options.log, entry),
  });
}

/**
 * kafkajs says at error level what it then retries by itself, so its errors are warnings here: what
 * is not retried reaches the caller as an exception.
 */
function forward(
  log: Logger,
  { level, namespace, log: { message, error, broker, topic, partition, groupId } }: LogEntry,
): void {
  const fields = { kafka: namespace, error, broker, topic, partition, groupId };
  if (level <= logLevel.WARN) log.warn(fields, message);
  else log.debug(fields, message);
}
