import { TOPIC_NAMES, TOPICS } from '#schemas/topics.ts';
import type { Generation } from '#schemas/types.ts';

/** Numbers of generations that have topics. */
export function generationsOfTopics(topics: readonly string[]): Set<number> {
  const names = TOPIC_NAMES.filter((name) => TOPICS[name].derived);
  const found = new Set<number>();
  for (const topic of topics) {
    const match = /^(.+)\.g(\d+)$/.exec(topic);
    if (match !== null && names.some((name) => name === match[1])) found.add(Number(match[2]));
  }
  return found;
}

/** Generations that a replay began and nobody has switched to or dropped, newest first. */
export function unfinishedOf(
  known: ReadonlyMap<number, Generation>,
  switched: readonly number[],
): readonly Generation[] {
  return [...known.values()]
    .filter(
      ({ generation, created_at, dropped_at }) =>
        created_at !== 0 && dropped_at === 0 && !switched.includes(generation),
    )
    .sort((left, right) => right.generation - left.generation);
}

/** A number that no generation has or had: what was written under one stays behind in tokens and in logs. */
export function nextNumber(
  known: ReadonlyMap<number, Generation>,
  switched: readonly number[],
  topics: readonly string[],
): number {
  return Math.max(0, ...known.keys(), ...switched, ...generationsOfTopics(topics)) + 1;
}
