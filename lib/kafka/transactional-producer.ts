import { type Kafka, Partitioners, type Producer } from 'kafkajs';

const TRANSACTION_TIMEOUT_MS = 60_000;

/** A producer for transactions of one id, one at a time. Whoever begins one fences all earlier holders of the id. */
export function transactionalProducer(kafka: Kafka, transactionalId: string): Producer {
  return kafka.producer({
    transactionalId,
    idempotent: true,
    maxInFlightRequests: 1,
    transactionTimeout: TRANSACTION_TIMEOUT_MS,
    createPartitioner: Partitioners.DefaultPartitioner,
    allowAutoTopicCreation: false,
    retry: { initialRetryTime: 20, maxRetryTime: 1000, retries: 10 },
  });
}
