/** A map by environment and id. */
export class IdMap<T> {
  readonly #byEnvironment = new Map<number, Map<number, T>>();

  get(environment: number, id: number): T | undefined {
    return this.#byEnvironment.get(environment)?.get(id);
  }

  has(environment: number, id: number): boolean {
    return this.#byEnvironment.get(environment)?.has(id) ?? false;
  }

  set(environment: number, id: number, value: T): void {
    this.#byEnvironment.getOrInsertComputed(environment, () => new Map()).set(id, value);
  }

  getOrInsert(environment: number, id: number, create: () => T): T {
    return this.#byEnvironment
      .getOrInsertComputed(environment, () => new Map<number, T>())
      .getOrInsertComputed(id, create);
  }

  *entries(): Generator<[environment: number, id: number, value: T]> {
    for (const [environment, values] of this.#byEnvironment)
      for (const [id, value] of values) yield [environment, id, value];
  }

  of(environment: number): ReadonlyMap<number, T> {
    return this.#byEnvironment.get(environment) ?? new Map();
  }

  environments(): number[] {
    return [...this.#byEnvironment.keys()];
  }
}
