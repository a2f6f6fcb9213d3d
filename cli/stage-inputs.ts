import type { TopicName } from '#schemas/topics.ts';
import type { ServiceName } from './stack.ts';

export type StageInput = {
  readonly service: Exclude<ServiceName, 'collector'>;
  readonly topic: TopicName;
};

/** Which stage reads which topic, upstream first. */
export const STAGE_INPUTS: readonly StageInput[] = [
  { service: 'identity-merger', topic: 'events.collected' },
  { service: 'sessionizer', topic: 'events.identified' },
  { service: 'loader', topic: 'identity.migrations' },
  { service: 'loader', topic: 'profile.changes' },
  { service: 'loader', topic: 'events.sessionized' },
  { service: 'loader', topic: 'sessions' },
];

/** Consumer group of a stage: each generation has its own, so that a replay cannot disturb the live one. */
export function groupOf(service: StageInput['service'], generation: number): string {
  return `${service}.g${generation}`;
}
