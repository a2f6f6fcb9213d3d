import { DecodeError } from '#schemas/framing.ts';
import { PROPERTY_TYPES } from './property-columns.ts';
import { TIME_TEXT } from './property-shape.ts';

export type ReadProperties = {
  /** Name and type (a set of PROPERTY_TYPES) of each property that has a value. */
  readonly entries: readonly (readonly [name: string, type: number])[];
  /** Other text to store; undefined where the text can be stored as it is. */
  readonly replacement: Buffer | undefined;
};

/** From here on ClickHouse's JSON has no integer for a number, and would refuse the row. */
const PAST_INTEGERS = 2 ** 63;

/** The collector writes flat objects; what is nested is taken as far as ClickHouse surely takes it. */
const DEEPEST = 32;

/** Of a text that is no object, a message shows the beginning. */
const SHOWN_BYTES = 200;

/**
 * Parses the properties of a record. Two things ClickHouse does not take are written in another way: an integer of
 * 2^63 or more as a number with an exponent, and half a surrogate pair as U+FFFD. Throws DecodeError where the
 * text is not a JSON object.
 */
export function readProperties(json: Buffer): ReadProperties {
  let object: unknown;
  try {
    object = JSON.parse(json.toString('utf8'));
  } catch (cause) {
    throw new DecodeError('bad_properties', `Cannot read properties: ${(cause as Error).message}`, { cause });
  }
  if (typeof object !== 'object' || object === null || Array.isArray(object)) {
    throw new DecodeError(
      'bad_properties',
      `Cannot read properties: want a JSON object, current value is ${json.toString('utf8', 0, SHOWN_BYTES)}`,
    );
  }
  const present = Object.entries(object).filter(([, value]) => value !== null);
  const storable = (value: unknown) =>
    typeof value === 'string'
      ? value.isWellFormed()
      : typeof value === 'number'
        ? Math.abs(value) < PAST_INTEGERS && Number.isFinite(value)
        : typeof value === 'boolean';
  const isStorable = present.every(([name, value]) => name.isWellFormed() && storable(value));
  return {
    entries: present.map(([name, value]) => [name.toWellFormed(), typeOf(value)]),
    replacement: isStorable ? undefined : Buffer.from(objectText(present, 1)),
  };
}

/** Set of PROPERTY_TYPES. */
function typeOf(value: unknown): number {
  switch (typeof value) {
    case 'number':
      return PROPERTY_TYPES.number;
    case 'string':
      return TIME_TEXT.test(value) ? PROPERTY_TYPES.string | PROPERTY_TYPES.time : PROPERTY_TYPES.string;
    case 'boolean':
      return PROPERTY_TYPES.boolean;
    default:
      return PROPERTY_TYPES.other;
  }
}

function objectText(entries: readonly (readonly [string, unknown])[], depth: number): string {
  const pairs = entries.map(
    ([name, value]) => `${JSON.stringify(name.toWellFormed())}:${valueText(value, depth)}`,
  );
  return `{${pairs.join(',')}}`;
}

function valueText(value: unknown, depth: number): string {
  if (depth > DEEPEST)
    throw new DecodeError('bad_properties', `Cannot read properties: they are nested deeper than ${DEEPEST}`);
  if (typeof value === 'string') return JSON.stringify(value.toWellFormed());
  if (typeof value === 'number' && Math.abs(value) >= PAST_INTEGERS) {
    // JSON.parse reads 1e999 as Infinity, which JSON cannot write.
    return Number.isFinite(value) ? value.toExponential() : `${value > 0 ? '' : '-'}1.7976931348623157e308`;
  }
  if (Array.isArray(value)) return `[${value.map((item) => valueText(item, depth + 1)).join(',')}]`;
  if (typeof value === 'object' && value !== null) return objectText(Object.entries(value), depth + 1);
  return JSON.stringify(value);
}
