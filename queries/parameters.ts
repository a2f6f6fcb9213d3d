import type { Query } from './query.ts';

type Value = Query['params'][string];

/** Collects what comes from outside a query's text while the text is made. */
export class Parameters {
  readonly values: Record<string, Value> = {};
  readonly #placeholders = new Map<string, string>();

  /** The placeholder of a value, such as `{p3:String}`. Equal values of a type share one. */
  add(value: Value, type: string): string {
    const known = `${type} ${JSON.stringify(value)}`;
    const placeholder = this.#placeholders.get(known);
    if (placeholder !== undefined) return placeholder;
    const name = `p${this.#placeholders.size}`;
    this.values[name] = value;
    this.#placeholders.set(known, `{${name}:${type}}`);
    return `{${name}:${type}}`;
  }
}
