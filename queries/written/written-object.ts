import { didYouMean } from '#lib/near-names.ts';
import type { Place } from './place.ts';
import { orList, type Read } from './read-value.ts';

/** An object as it was written, read key by key. A key whose value is null is one that is not there. */
export class WrittenObject {
  readonly place: Place;
  readonly #fields: Readonly<Record<string, unknown>>;

  private constructor(fields: Readonly<Record<string, unknown>>, place: Place) {
    this.#fields = fields;
    this.place = place;
  }

  /** Notes a problem for every key that is not one of `keys`. */
  static read(
    value: unknown,
    place: Place,
    keys: readonly string[],
    what: string,
  ): WrittenObject | undefined {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return place.want(what, value);
    for (const key of Object.keys(value)) {
      if (!keys.includes(key)) place.at(key).refuse(`unknown key${hint(key, keys)}`);
    }
    return new WrittenObject(Object.fromEntries(Object.entries(value)), place);
  }

  has(key: string): boolean {
    return Object.hasOwn(this.#fields, key) && this.#fields[key] !== null && this.#fields[key] !== undefined;
  }

  optional<T>(key: string, read: Read<T>): T | undefined {
    return this.has(key) ? read(this.#fields[key], this.place.at(key)) : undefined;
  }

  or<T>(key: string, read: Read<T>, otherwise: T): T {
    return this.optional(key, read) ?? otherwise;
  }

  /** Notes a problem where the key is missing. */
  required<T>(key: string, read: Read<T>, wanted: string): T | undefined {
    return this.has(key) ? this.optional(key, read) : this.place.at(key).refuse(`missing: want ${wanted}`);
  }

  /** The object itself with its key, or nothing: for spreading into what has the key optional. */
  some<K extends string, T>(key: string, read: Read<T>, as: K): { [P in K]?: T } {
    const value = this.optional(key, read);
    return (value === undefined ? {} : { [as]: value }) as { [P in K]?: T };
  }
}

/** `oneSession` and `one_session` are near `one session`. */
function hint(key: string, keys: readonly string[]): string {
  const spaced = key
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .replaceAll(/[_-]/g, ' ')
    .toLowerCase();
  return keys.includes(spaced)
    ? `; did you mean ${spaced}?`
    : didYouMean(key, keys) || `; want ${orList(keys)}`;
}
