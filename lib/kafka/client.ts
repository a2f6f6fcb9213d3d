import { Kafka, type LogEntry, logLevel } from 'kafkajs';
import type { Logger } from '#lib/service/logger.ts';

/**
 * A Kafka client that logs through the service's logger. Connections are retried without limit unless told
 * otherwise: a broker that is down is waited for, and each caller bounds its own patience.
 */
export function createKafka(options: {
  clientId: string;
  brokers: readonly string[];
  log: Logger;
  /** @default no limit */
  connectionRetries?: number;
}): Kafka {
  return new Kafka({
    clientId: options.clientId,
    brokers: [...options.brokers],
    connectionTimeout: 3000,
    requestTimeout: 30_000,
    retry: {
      initialRetryTime: 100,
      maxRetryTime: 2000,
      retries: options.connectionRetries ?? Number.MAX_SAFE_INTEGER,
    },
    logLevel: logLevel.WARN,
    logCreator: () => forwardKafkaLog(options.log),
  });
}

const NORMAL = ['Response ', 'Limiting retries'];

/**
 * Writes kafkajs's log entries to the service's logger. It says at error level what it then retries by
 * itself, so its errors are warnings here: what is not retried reaches the caller as an exception. An error
 * code in a single answer of the broker is not even that: coordinators load, groups rebalance, topics exist.
 * Nor is that a producer's retries are limited: a task that gives up is opened again, and fences itself.
 */
export function forwardKafkaLog(log: Logger): (entry: LogEntry) => void {
  return ({ level, namespace, log: { message, error, broker, topic, partition, groupId } }) => {
    const fields = { kafka: namespace, error, broker, topic, partition, groupId };
    const isNormal = NORMAL.some((beginning) => message.startsWith(beginning));
    if (level <= logLevel.WARN && !isNormal) log.warn(fields, message);
    else log.debug(fields, message);
  };
}
