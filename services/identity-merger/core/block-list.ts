import type { Block } from '#schemas/types.ts';

/**
 * Identities that bind nothing in one generation. Blocks come and go between generations and never within one, so
 * the list is the same whenever it is read.
 */
export class BlockList {
  readonly #generation: number;
  /** First generations of the blocks in force, by environment and user id. */
  readonly #blocks = new Map<string, Set<number>>();

  constructor(generation: number) {
    this.#generation = generation;
  }

  /** Takes in a block, or what an earlier one with the same first generation has become. */
  set({ environment, user_id, from_generation, until_generation }: Block): void {
    const key = `${environment}/${user_id}`;
    const blocks = this.#blocks.get(key) ?? new Set();
    const isInForce =
      from_generation <= this.#generation && (until_generation === 0 || this.#generation < until_generation);
    if (isInForce) blocks.add(from_generation);
    else blocks.delete(from_generation);
    this.#blocks.set(key, blocks);
  }

  /** Whether the identity of a canonical user id binds nothing. */
  has(environment: number, userId: number): boolean {
    return (this.#blocks.get(`${environment}/${userId}`)?.size ?? 0) > 0;
  }
}
