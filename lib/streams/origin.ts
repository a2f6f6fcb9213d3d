import type { IHeaders } from 'kafkajs';
import { ORIGIN_HEADERS } from '#schemas/topics.ts';
import type { Origin } from './processor.ts';

/** Origin that a derived record carries in its headers; undefined on a record of the log itself. */
export function readOrigin(headers: IHeaders | undefined): Origin | undefined {
  const topic = headers?.[ORIGIN_HEADERS.topic];
  const partition = headers?.[ORIGIN_HEADERS.partition];
  const offset = headers?.[ORIGIN_HEADERS.offset];
  if (topic === undefined || partition === undefined || offset === undefined) return undefined;
  return { topic: String(topic), partition: Number(partition), offset: BigInt(String(offset)) };
}

export function originHeaders({ topic, partition, offset }: Origin): IHeaders {
  return {
    [ORIGIN_HEADERS.topic]: topic,
    [ORIGIN_HEADERS.partition]: String(partition),
    [ORIGIN_HEADERS.offset]: String(offset),
  };
}
