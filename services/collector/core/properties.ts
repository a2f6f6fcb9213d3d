/**
 * Properties as they are logged: a flat JSON object of unique names to string, finite number or boolean.
 *
 * Nested objects are flattened with `.`, arrays joined with `||`, null and blank names dropped, over-long
 * names and values truncated, lone surrogates replaced; of names that become equal the last wins.
 * Source: Heap's track API and the flattening its integrations do. `__proto__` and `constructor` are data.
 */
import { addFlag, MAX_TEXT, storable } from './text.ts';
import { type Refusal, refuse, shown } from './verdict.ts';

/** Deepest nesting of objects and arrays that is flattened; deeper is refused. */
export const MAX_DEPTH = 32;

/**
 * Longest JSON text of a row's properties, in UTF-16 code units. Together with the bounds of the other text
 * fields it keeps every record under Kafka's usual message limit of 1 MiB.
 */
export const MAX_PROPERTIES_LENGTH = 200_000;

type Scalar = string | number | boolean;

/** The normalised properties and their JSON text. Adds to `flags` what was changed. Never throws. */
export function normaliseProperties(
  value: unknown,
  flags: string[],
): { readonly json: string; readonly flat: Readonly<Record<string, unknown>> } | Refusal {
  if (value === undefined || value === null) return NONE;
  if (typeof value !== 'object') {
    return refuse(
      'invalid_properties',
      `Cannot read properties: want an object, current value is ${shown(value)}`,
    );
  }
  if (Array.isArray(value)) {
    // PHP encodes an empty map as [].
    if (value.length === 0) return NONE;
    return refuse('invalid_properties', 'Cannot read properties: want an object, current value is an array');
  }
  let source = value as Record<string, unknown>;
  if (!isNormal(source)) {
    const flat: Record<string, Scalar> = Object.create(null);
    const refusal = new Flattening(flat, flags).object(source, '', 1);
    if (refusal !== undefined) return refusal;
    source = flat;
  }
  const json = JSON.stringify(source);
  return json.length <= MAX_PROPERTIES_LENGTH ? { json, flat: source } : TOO_LARGE;
}

/** True where the normalised properties hold a name, in any casing. */
export function hasProperty(value: unknown, lowerCaseName: string): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.keys(value).some(
    (name) => name.length === lowerCaseName.length && name.toLowerCase() === lowerCaseName,
  );
}

const NONE = { json: '{}', flat: {} };
const TOO_LARGE = refuse(
  'properties_too_large',
  `Cannot accept properties: their JSON text is over ${MAX_PROPERTIES_LENGTH} characters`,
);
const TOO_DEEP = refuse(
  'properties_too_deep',
  `Cannot flatten properties: they nest deeper than ${MAX_DEPTH} levels`,
);

/** The usual case: nothing to change, so the object is written as it is. */
function isNormal(source: Record<string, unknown>): boolean {
  for (const name of Object.keys(source)) {
    if (name.length > MAX_TEXT || !name.isWellFormed() || name.trim() === '') return false;
    const value = source[name];
    switch (typeof value) {
      case 'string':
        if (value.length > MAX_TEXT || !value.isWellFormed()) return false;
        break;
      case 'number':
        if (!Number.isFinite(value)) return false;
        break;
      case 'boolean':
        break;
      default:
        return false;
    }
  }
  return true;
}

/** Writes nested properties into a flat object and bounds how large it can grow. */
class Flattening {
  readonly #flat: Record<string, Scalar>;
  readonly #flags: string[];
  #length = 0;

  constructor(flat: Record<string, Scalar>, flags: string[]) {
    this.#flat = flat;
    this.#flags = flags;
  }

  object(source: Record<string, unknown>, prefix: string, depth: number): Refusal | undefined {
    if (depth > MAX_DEPTH) return TOO_DEEP;
    for (const name of Object.keys(source)) {
      const value = source[name];
      if (value === null || value === undefined) continue;
      const path = prefix === '' ? name : `${prefix}.${name}`;
      const refusal =
        typeof value === 'object' && !Array.isArray(value)
          ? this.object(value as Record<string, unknown>, path, depth + 1)
          : this.#leaf(path, value, depth);
      if (refusal !== undefined) return refusal;
    }
    return undefined;
  }

  #leaf(path: string, value: unknown, depth: number): Refusal | undefined {
    if (path.trim() === '') {
      addFlag(this.#flags, 'key_dropped');
      return undefined;
    }
    const scalar = Array.isArray(value) ? joined(value, depth + 1) : (value as Scalar);
    if (typeof scalar === 'object') return scalar;
    if (typeof scalar === 'number' && !Number.isFinite(scalar)) {
      return refuse('invalid_property', `Cannot accept property ${shown(path)}: its number is out of range`);
    }
    const name = storable(path, MAX_TEXT, 'key_truncated', this.#flags);
    const stored =
      typeof scalar === 'string' ? storable(scalar, MAX_TEXT, 'value_truncated', this.#flags) : scalar;
    this.#flat[name] = stored;
    // Long prefixes repeat in every name below them: stop before they multiply.
    this.#length += name.length + (typeof stored === 'string' ? stored.length : 8);
    return this.#length <= MAX_PROPERTIES_LENGTH ? undefined : TOO_LARGE;
  }
}

/** Elements joined with `||`, nulls left out; an object inside an array is written as JSON. */
function joined(elements: readonly unknown[], depth: number): string | Refusal {
  if (depth > MAX_DEPTH) return TOO_DEEP;
  const parts: string[] = [];
  for (const element of elements) {
    if (element === null || element === undefined) continue;
    if (Array.isArray(element)) {
      const inner = joined(element, depth + 1);
      if (typeof inner !== 'string') return inner;
      parts.push(inner);
    } else if (typeof element === 'object') {
      if (!isWithinDepth(element, depth + 1)) return TOO_DEEP;
      parts.push(JSON.stringify(element));
    } else {
      parts.push(String(element));
    }
  }
  return parts.join('||');
}

function isWithinDepth(value: object, depth: number): boolean {
  if (depth > MAX_DEPTH) return false;
  return Object.values(value).every(
    (inner) => typeof inner !== 'object' || inner === null || isWithinDepth(inner, depth + 1),
  );
}
