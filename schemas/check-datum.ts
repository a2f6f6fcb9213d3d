import { isUtf8 } from 'node:buffer';
import { DecodeError, FRAME_BYTES } from './framing.ts';
import type { PublishedSchema } from './registry.ts';

const LONG = 0;
const INT = 1;
const BOOLEAN = 2;
const STRING = 3;
const BYTES = 4;
const STRINGS = 5;
const LONGS = 6;

type Check = { readonly name: string; readonly code: number };

const MAX_INT = 2 ** 31 - 1;
const checksOf = new WeakMap<PublishedSchema, readonly Check[]>();

/**
 * Walks over a framed datum without making anything of it. Throws DecodeError where the bytes are no datum of the
 * schema: `corrupt` where lengths, numbers or booleans do not fit or bytes are left over, `bad_text` where a
 * string is not UTF-8.
 *
 * avsc trusts its input: the count of an array in a broken record would keep it busy until memory ends.
 */
export function checkDatum(schema: PublishedSchema, value: Buffer): void {
  const checks = checksOf.get(schema) ?? compile(schema);
  let at = FRAME_BYTES;
  let field = '';

  function fail(problem: string): never {
    throw new DecodeError('corrupt', `Cannot decode a ${schema.name}: field ${field} ${problem}`);
  }
  function signed(): number {
    let raw = 0;
    let scale = 1;
    for (let i = 0; i < 10; i += 1) {
      const byte = value[at];
      if (byte === undefined) fail(`ends at byte ${at}`);
      at += 1;
      raw += (byte & 0x7f) * scale;
      if (byte < 0x80) return raw % 2 === 0 ? raw / 2 : -(raw + 1) / 2;
      scale *= 128;
    }
    return fail(`is a number too long at byte ${at}`);
  }
  function unsigned(most: number): number {
    const number = signed();
    if (number < 0 || number > most) fail(`is ${number}, want 0 to ${most}`);
    return number;
  }
  function bytes(isText: boolean): void {
    const length = unsigned(Number.MAX_SAFE_INTEGER);
    const end = at + length;
    if (end > value.length) fail(`has ${length} bytes at byte ${at}, which pass the end`);
    if (isText && !hasOnlyUtf8(value, at, end)) {
      throw new DecodeError('bad_text', `Cannot decode a ${schema.name}: field ${field} is not UTF-8`);
    }
    at = end;
  }
  function blocks(isText: boolean): void {
    for (let count = signed(); count !== 0; count = signed()) {
      // A negative count is followed by the size of the block in bytes.
      if (count < 0) unsigned(Number.MAX_SAFE_INTEGER);
      // Every item takes a byte at least, so a count that is too large ends at the end of the value.
      for (let item = 0; item < Math.abs(count); item += 1) {
        if (isText) bytes(true);
        else unsigned(Number.MAX_SAFE_INTEGER);
      }
    }
  }

  for (const { name, code } of checks) {
    // Most fields of most records are empty: a zero byte, whatever their type.
    if (value[at] === 0) {
      at += 1;
      continue;
    }
    field = name;
    switch (code) {
      case LONG:
        unsigned(Number.MAX_SAFE_INTEGER);
        break;
      case INT:
        unsigned(MAX_INT);
        break;
      case BOOLEAN: {
        const byte = value[at];
        if (byte === undefined || byte > 1) fail(`is ${byte ?? 'missing'}, want a boolean`);
        at += 1;
        break;
      }
      case STRING:
      case BYTES:
        bytes(code === STRING);
        break;
      default:
        blocks(code === STRINGS);
    }
  }
  if (at !== value.length) {
    throw new DecodeError(
      'corrupt',
      `Cannot decode a ${schema.name}: ${value.length - at} bytes are left over after its last field`,
    );
  }
}

/** Whether some bytes are UTF-8. Short ones are nearly always ASCII, which a loop sees sooner than native code. */
function hasOnlyUtf8(value: Buffer, start: number, end: number): boolean {
  if (end - start < 48) {
    let at = start;
    while (at < end && (value[at] as number) < 0x80) at += 1;
    if (at === end) return true;
  }
  return isUtf8(value.subarray(start, end));
}

function compile(schema: PublishedSchema): readonly Check[] {
  const { fields } = schema.json as unknown as { fields: { name: string; type: unknown }[] };
  const checks = fields.map(({ name, type }) => ({ name, code: codeOf(type) }));
  checksOf.set(schema, checks);
  return checks;
}

function codeOf(type: unknown): number {
  if (type === 'long') return LONG;
  if (type === 'int') return INT;
  if (type === 'boolean') return BOOLEAN;
  if (type === 'string') return STRING;
  if (type === 'bytes') return BYTES;
  const { logicalType, items } = type as { logicalType?: string; items?: string };
  if (logicalType === 'timestamp-millis') return LONG;
  if (items === 'string') return STRINGS;
  if (items === 'long') return LONGS;
  throw new TypeError(`Cannot check a field of type ${JSON.stringify(type)}`);
}
