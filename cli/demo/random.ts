import { hash } from 'node:crypto';

/** Chance that can be repeated: the same seed draws the same values, on any machine. */
export type Random = {
  /** 0 <= value < 1. */
  float(): number;
  /** Whole number, both bounds inclusive. */
  int(min: number, max: number): number;
  chance(probability: number): boolean;
  pick<T>(list: readonly T[]): T;
  /** One of the values, as often as its weight says. */
  weighted<T>(choices: readonly (readonly [value: T, weight: number])[]): T;
  /** A 53-bit id as clients draw them, never 0. */
  id(): number;
  /** An independent source: what it draws does not move this one. */
  fork(label: string): Random;
};

/** Random numbers of a seed: sfc32 (Chris Doty-Humphrey, PractRand), started from a SHA-256 of the seed. */
export function createRandom(seed: string): Random {
  const start = hash('sha256', seed, 'buffer');
  let a = start.readInt32LE(0);
  let b = start.readInt32LE(4);
  let c = start.readInt32LE(8);
  let counter = start.readInt32LE(12);

  const word = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + sum) | 0;
    return sum >>> 0;
  };
  const float = (): number => word() / 2 ** 32;
  const int = (min: number, max: number): number => min + Math.floor(float() * (max - min + 1));

  return {
    float,
    int,
    chance: (probability) => float() < probability,
    pick: (list) => {
      if (list.length === 0) throw new RangeError('Cannot pick from a list: it is empty');
      return list[int(0, list.length - 1)]!;
    },
    weighted: (choices) => {
      let rest = float() * choices.reduce((sum, [, weight]) => sum + weight, 0);
      for (const [value, weight] of choices) {
        rest -= weight;
        if (rest < 0) return value;
      }
      return choices.at(-1)![0];
    },
    id: () => word() * 2 ** 21 + (word() >>> 11) || 1,
    fork: (label) => createRandom(`${seed}\0${label}`),
  };
}
