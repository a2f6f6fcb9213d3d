import type { IHeaders } from 'kafkajs';
import { MAX_BATCH_BYTES, topicInKafka } from '#schemas/topics.ts';
import type { PlacedOutput } from './fold-chunk.ts';
import { originHeaders } from './origin.ts';
import type { Origin } from './processor.ts';
import { type Retry, retryHeaders } from './retry.ts';

/** Headers, timestamps and lengths of a record, generously. */
const RECORD_OVERHEAD_BYTES = 200;

type Message = { key: Buffer; value: Buffer; partition: number; timestamp: string; headers?: IHeaders };

/** What one produce request takes: some records of some topics. */
export type ProduceRequest = { topic: string; messages: Message[]; bytes: number }[];

/**
 * The produce requests of a transaction: one where everything fits, and each topic's part of a request small
 * enough to be one record batch. The order within a topic is kept.
 */
export function requestsOf(
  outputs: readonly PlacedOutput[],
  partition: number,
  generation: number,
): ProduceRequest[] {
  const requests: ProduceRequest[] = [];
  const requestOfTopic = new Map<string, number>();
  for (const output of outputs) {
    const topic = topicInKafka(output.topic, generation);
    const bytes = output.key.length + output.value.length + RECORD_OVERHEAD_BYTES;
    let at = requestOfTopic.get(topic) ?? 0;
    let part = requests[at]?.find((entry) => entry.topic === topic);
    if (part !== undefined && part.bytes + bytes > MAX_BATCH_BYTES / 2) {
      at += 1;
      part = undefined;
    }
    if (part === undefined) {
      part = { topic, messages: [], bytes: 0 };
      requestOfTopic.set(topic, at);
      requests[at] = [...(requests[at] ?? []), part];
    }
    part.messages.push(toMessage(output, partition));
    part.bytes += bytes;
  }
  return requests;
}

function toMessage(output: PlacedOutput, partition: number): Message {
  return {
    key: output.key,
    value: output.value,
    partition,
    timestamp: String(output.timestampMs),
    ...(output.origin === undefined ? {} : { headers: headersOf(output.origin, output.retry) }),
  };
}

function headersOf(origin: Origin, retry: Retry | undefined): IHeaders {
  return { ...originHeaders(origin), ...(retry === undefined ? {} : retryHeaders(retry)) };
}
