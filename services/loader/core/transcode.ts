import { LAST_TIME_MS } from '#schemas/collected-checks.ts';
import { DecodeError, FRAME_BYTES } from '#schemas/framing.ts';
import { latestSchema, type PublishedSchema } from '#schemas/registry.ts';
import { columnType, fieldsOf, type StoredTable } from './columns.ts';
import type { RowBlock } from './row-block.ts';

/*
 * From the bytes of an Avro datum to the bytes of a ClickHouse row, field by field and in the schema's order:
 *
 *   Avro                                   RowBinary
 *   long        zigzag varint              UInt64, or Int64 of a DateTime64(3): 8 bytes, little endian
 *   int         zigzag varint              UInt16, little endian
 *   boolean     1 byte                     1 byte
 *   string      zigzag varint length, UTF-8   LEB128 length, UTF-8
 *   array       blocks of count, items, then 0   LEB128 count, items
 *
 * No value becomes a JavaScript string on the way. What the loader needs of a row to compute its other columns
 * (environment, name, type) is noted as it goes by.
 */

const LONG = 0;
const TIME = 1;
const INT = 2;
const BOOLEAN = 3;
const STRING = 4;
const STRINGS = 5;
const LONGS = 6;
const JSON_TEXT = 7;

type Operation = { readonly code: number; readonly keep: boolean; readonly note: number };

/** Texts whose place in the input is noted, in the order of Transcriber's `starts` and `ends`. */
const NOTED = ['name', 'type'] as const;

/** Numbers whose value is noted: their `note`, beyond those of texts. */
const NOTE_ENVIRONMENT = 10;
const NOTE_MERGED_INTO = 11;

const LARGEST_UINT16 = 65_535;

function codeOf(field: { name: string; type: unknown }): number {
  if (field.name === 'properties') return JSON_TEXT;
  const type = columnType(field);
  if (type === 'UInt64') return LONG;
  if (type === 'UInt16') return INT;
  if (type === 'Bool') return BOOLEAN;
  if (type.startsWith('DateTime64')) return TIME;
  if (type === 'Array(UInt64)') return LONGS;
  return type.startsWith('Array') ? STRINGS : STRING;
}

function noteOf(field: string): number {
  if (field === 'environment') return NOTE_ENVIRONMENT;
  if (field === 'merged_into') return NOTE_MERGED_INTO;
  return NOTED.indexOf(field as (typeof NOTED)[number]);
}

/** Steps from a writer's schema to a table's row. */
function compile(writer: PublishedSchema, table: StoredTable): readonly Operation[] {
  return fieldsOf(writer.json).map((field) => ({
    code: codeOf(field),
    keep: table.fields.includes(field.name),
    note: noteOf(field.name),
  }));
}

/** Bytes of the columns that only a later version has, which follow all others: nothing, as their defaults say. */
function missingBytes(writer: PublishedSchema, table: StoredTable): Buffer {
  const known = new Set(fieldsOf(writer.json).map(({ name }) => name));
  const missing = fieldsOf(latestSchema(table.schema).json).filter(
    ({ name }) => table.fields.includes(name) && !known.has(name),
  );
  return Buffer.alloc(missing.reduce((bytes, field) => bytes + bytesOfNothing(codeOf(field)), 0));
}

/** Zero, false, the empty text and the empty list are zeroes. */
function bytesOfNothing(code: number): number {
  if (code === LONG || code === TIME) return 8;
  return code === INT ? 2 : 1;
}

/** Transcribes records of one schema into rows of one table. */
export class Transcriber {
  readonly #operations: readonly Operation[];
  readonly #missing: Buffer;
  #input: Buffer = Buffer.alloc(0);
  #at = 0;
  /** Environment of the last record. */
  environment = 0;
  /** Survivor of the last session that was absorbed; 0 for any other record. */
  mergedInto = 0;
  readonly #starts = NOTED.map(() => 0);
  readonly #ends = NOTED.map(() => 0);

  constructor(table: StoredTable, writer: PublishedSchema = latestSchema(table.schema)) {
    this.#operations = compile(writer, table);
    this.#missing = missingBytes(writer, table);
  }

  /** Bytes of a noted text of the last record: a view, valid as long as the record. */
  noted(field: (typeof NOTED)[number]): Buffer {
    const index = NOTED.indexOf(field);
    return this.#input.subarray(this.#starts[index], this.#ends[index]);
  }

  /**
   * Appends the fields of a datum (from `start` of a framed value) to the block, without ending the row.
   * `replaceJson` may give other text for the JSON column; undefined keeps it. Throws DecodeError where the
   * bytes are not a datum of the schema; the block then holds half a row, to be dropped.
   */
  transcribe(
    value: Buffer,
    start: number,
    block: RowBlock,
    replaceJson: (json: Buffer) => Buffer | undefined = () => undefined,
  ): void {
    this.#input = value;
    this.#at = start;
    // The shortest Avro long is a byte and becomes eight; nothing grows more.
    block.reserve(value.length * 8 + 256);
    for (const operation of this.#operations) this.#field(operation, block, replaceJson);
    if (this.#at !== value.length)
      throw corrupt(`${value.length - this.#at} bytes are left over after its last field`);
    if (this.#missing.length > 0) block.copy(this.#missing, 0, this.#missing.length);
  }

  #field(
    { code, keep, note }: Operation,
    block: RowBlock,
    replaceJson: (json: Buffer) => Buffer | undefined,
  ): void {
    switch (code) {
      case LONG:
      case TIME: {
        const value = this.#unsigned();
        if (code === TIME && value > LAST_TIME_MS) throw outOfRange(`time ${value} is after the year 2299`);
        if (note === NOTE_MERGED_INTO) this.mergedInto = value;
        if (keep) block.uint64(value);
        return;
      }
      case INT: {
        const value = this.#unsigned();
        if (value > LARGEST_UINT16) throw outOfRange(`number ${value} is above ${LARGEST_UINT16}`);
        if (note === NOTE_ENVIRONMENT) this.environment = value;
        if (keep) block.uint16(value);
        return;
      }
      case BOOLEAN: {
        const value = this.#byte();
        if (value > 1) throw corrupt(`boolean is ${value}`);
        if (keep) block.byte(value);
        return;
      }
      case STRING:
      case JSON_TEXT: {
        const end = this.#stringEnd();
        if (note >= 0) {
          this.#starts[note] = this.#at;
          this.#ends[note] = end;
        }
        if (keep) this.#string(code, end, block, replaceJson);
        this.#at = end;
        return;
      }
      default:
        this.#array(code, keep, block);
    }
  }

  #string(
    code: number,
    end: number,
    block: RowBlock,
    replaceJson: (json: Buffer) => Buffer | undefined,
  ): void {
    const other = code === JSON_TEXT ? replaceJson(this.#input.subarray(this.#at, end)) : undefined;
    if (other === undefined) {
      block.string(this.#input, this.#at, end);
    } else {
      block.reserve(other.length + 10 + this.#input.length * 8 + 256);
      block.string(other);
    }
  }

  /** Avro writes an array as blocks, and only then is its length known: items are passed over once to count them. */
  #array(code: number, keep: boolean, block: RowBlock): void {
    const start = this.#at;
    let items = 0;
    for (let count = this.#blockCount(); count > 0; count = this.#blockCount()) {
      for (let i = 0; i < count; i += 1) {
        if (code === LONGS) this.#unsigned();
        else this.#at = this.#stringEnd();
      }
      items += count;
    }
    if (!keep) return;
    const end = this.#at;
    this.#at = start;
    block.length(items);
    for (let count = this.#blockCount(); count > 0; count = this.#blockCount()) {
      for (let i = 0; i < count; i += 1) {
        if (code === LONGS) block.uint64(this.#unsigned());
        else {
          const itemEnd = this.#stringEnd();
          block.string(this.#input, this.#at, itemEnd);
          this.#at = itemEnd;
        }
      }
    }
    this.#at = end;
  }

  /** Items of the next block; a negative count is followed by the block's size in bytes. */
  #blockCount(): number {
    const count = this.#signed();
    if (count >= 0) return count;
    this.#unsigned();
    return -count;
  }

  /** Reads a string's length and returns where it ends. */
  #stringEnd(): number {
    const length = this.#unsigned();
    const end = this.#at + length;
    if (end > this.#input.length) throw corrupt(`${length} bytes at byte ${this.#at} pass its end`);
    return end;
  }

  #unsigned(): number {
    const value = this.#signed();
    if (value < 0 || value > Number.MAX_SAFE_INTEGER)
      throw corrupt(`number ${value} at byte ${this.#at} is not in 0..2^53-1`);
    return value;
  }

  #signed(): number {
    let raw = 0;
    let scale = 1;
    for (let i = 0; i < 10; i += 1) {
      const byte = this.#byte();
      raw += (byte & 0x7f) * scale;
      if (byte < 0x80) return raw % 2 === 0 ? raw / 2 : -(raw + 1) / 2;
      scale *= 128;
    }
    throw corrupt(`number too long at byte ${this.#at}`);
  }

  #byte(): number {
    const byte = this.#input[this.#at];
    if (byte === undefined) throw corrupt(`it ends at byte ${this.#at}`);
    this.#at += 1;
    return byte;
  }
}

function outOfRange(problem: string): DecodeError {
  return new DecodeError('out_of_range', `Cannot load a record: ${problem}`);
}

function corrupt(problem: string): DecodeError {
  return new DecodeError('corrupt', `Cannot decode a record: ${problem}`);
}

/** Kind of a framed Collected: the string after its rewritable prefix. Throws DecodeError where it ends before. */
export function kindOf(value: Buffer): string {
  let at = FRAME_BYTES;
  for (let varints = 0; varints < 2; varints += 1) {
    while ((value[at] ?? 0) >= 0x80) at += 1;
    at += 1;
  }
  // One byte of `late`, then a length that is below 64 for every kind and so a single byte, doubled by zigzag.
  const length = value[at + 1];
  const start = at + 2;
  if (length === undefined || length >= 0x80 || length % 2 === 1 || start + length / 2 > value.length)
    throw corrupt('it ends before its kind');
  return value.toString('latin1', start, start + length / 2);
}
