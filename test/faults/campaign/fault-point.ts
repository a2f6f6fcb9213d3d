import { setTimeout as pause } from 'node:timers/promises';
import type { CampaignStack } from './campaign-stack.ts';
import { KAFKA_APIS, type KafkaApi } from './kafka-frames.ts';
import type { ServiceInstance, ServiceName } from './service-instance.ts';
import type { Caught } from './traps.ts';

/** A moment in a protocol: a request of a service to Kafka, or an insert into a table of ClickHouse. */
export type FaultPoint = {
  readonly service: ServiceName;
  readonly request: KafkaApi | `insert ${string}`;
  /** `before`: the server does not know of the request yet; `after`: the service does not know of the answer yet. */
  readonly when: 'before' | 'after';
};

/**
 *   kill         the service dies
 *   cut          the connection breaks
 *   late         the connection breaks, and the server gets the request a second later (`before` only)
 *   zombie       the service stands still until its group has gone on without it, and then goes on itself
 *   kill server  the request goes on its way, and the server dies while it works on it (`before` only)
 */
export type Blow = 'kill' | 'cut' | 'late' | 'zombie' | 'kill server';

export const LATE_MS = 1000;
/** Longer than the session timeout of the groups (6 s) and the rebalance after it. */
export const ZOMBIE_MS = 9000;

export function describePoint({ service, request, when }: FaultPoint, blow: Blow): string {
  return `${blow} ${service} ${when} ${request}`;
}

/** Waits for an instance to come to the point, and strikes. Throws the signal's reason where it never comes. */
export async function strike(
  stack: CampaignStack,
  instance: ServiceInstance,
  point: FaultPoint,
  blow: Blow,
  options: { readonly signal: AbortSignal; readonly serverDiesAfterMs?: number },
): Promise<void> {
  const caught = await reach(instance, point, options.signal);
  switch (blow) {
    case 'kill':
      instance.kill();
      caught.decide('cut');
      return;
    case 'cut':
      caught.decide('cut');
      return;
    case 'late':
      caught.decide({ lateMs: LATE_MS });
      await pause(LATE_MS);
      return;
    case 'zombie':
      instance.pause();
      await pause(ZOMBIE_MS);
      caught.decide('forward');
      instance.resume();
      return;
    case 'kill server':
      caught.decide('forward');
      await pause(options.serverDiesAfterMs ?? 0);
      await stack.killServer(point.request.startsWith('insert ') ? 'clickhouse' : 'kafka');
  }
}

/** The next time that an instance comes to a point; it stands there until the caller decides. */
export function reach(
  instance: ServiceInstance,
  { request, when }: FaultPoint,
  signal: AbortSignal,
): Promise<Caught<unknown>> {
  if (request.startsWith('insert ')) {
    const table = request.slice('insert '.length);
    return instance.clickhouse.traps.next(
      (message) => message.table === table && message.when === when,
      signal,
    );
  }
  const apiKey = KAFKA_APIS[request as KafkaApi];
  return instance.kafka.traps.next((message) => message.apiKey === apiKey && message.when === when, signal);
}
