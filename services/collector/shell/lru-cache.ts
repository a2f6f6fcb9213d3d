/** Bounded memory of computed values: what was used longest ago is forgotten first. */
export class LruCache<K, V> {
  readonly #entries = new Map<K, V>();
  readonly #maxEntries: number;

  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries;
  }

  get size(): number {
    return this.#entries.size;
  }

  getOrAdd(key: K, compute: (key: K) => V): V {
    const found = this.#entries.get(key);
    if (found !== undefined) {
      // A map iterates in order of insertion: inserting again makes the entry the newest.
      this.#entries.delete(key);
      this.#entries.set(key, found);
      return found;
    }
    const value = compute(key);
    if (this.#entries.size >= this.#maxEntries) this.#entries.delete(this.#entries.keys().next().value as K);
    this.#entries.set(key, value);
    return value;
  }
}
