import type { Values } from './source.ts';
import { likelyTypes, type ValueType } from './typed-value.ts';

/** Watches the texts of columns and says which could be read as something else, all of them, without loss. */
export class TypeHints {
  readonly #possible = new Map<string, ReadonlySet<ValueType>>();

  /** `columns` are those whose texts are sent as text for want of a type. */
  constructor(columns: readonly string[]) {
    for (const column of columns) this.#possible.set(column, new Set(['number', 'boolean', 'time']));
  }

  readonly #seen = new Set<string>();

  look(values: Values): void {
    for (const [column, possible] of this.#possible) {
      const value = values[column];
      if (typeof value !== 'string') continue;
      this.#seen.add(column);
      const left = possible.intersection(new Set(likelyTypes(value)));
      if (left.size === 0) this.#possible.delete(column);
      else this.#possible.set(column, left);
    }
  }

  /** `COLUMN=TYPE` of each column that could be typed. */
  get options(): readonly string[] {
    return [...this.#possible]
      .filter(([column]) => this.#seen.has(column))
      .map(([column, possible]) => `${column}=${possible.has('number') ? 'number' : [...possible][0]}`);
  }
}
