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
    logCreator: () => forwardKafkaLog(options.log),
  });
}

/**
 * Writes kafkajs's log entries to the service's logger. It says at error level what it then retries by
 * itself, so its errors are warnings here: what is not retried reaches the caller as an exception. That the
 * transaction coordinator is still busy with the previous transaction is normal and not worth a warning.
 */
export function forwardKafkaLog(log: Logger): (entry: LogEntry) => void {
  return ({ level, namespace, log: { message, error, broker, topic, partition, groupId } }) => {
    const fields = { kafka: namespace, error, broker, topic, partition, groupId };
    const isBusyCoordinator = String(error).includes('another concurrent operation');
    if (level <= logLevel.WARN && !isBusyCoordinator) log.warn(fields, message);
    else log.debug(fields, message);
  };
}
