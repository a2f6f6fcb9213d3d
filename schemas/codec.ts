import type { Type } from 'avsc';
import { checkDatum } from './check-datum.ts';
import { DecodeError, FRAME_BYTES, readFrame, writeFrame } from './framing.ts';
import { latestSchema, type PublishedSchema, type SchemaName, schemaById } from './registry.ts';
import type { Audit, Block, Collected, Generation, Migration, Rejected, Session } from './types.ts';

type RecordType = Type & { recordConstructor: new () => unknown };

type Codec<T> = {
  /** Framed bytes in the newest version. Fields left out take their schema default. */
  encode(value: Partial<T>): Buffer;
  /** Value of framed bytes of any published version. Throws DecodeError. */
  decode(value: Buffer | null): T;
};

function createCodec<T>(name: SchemaName): Codec<T> {
  const writer = latestSchema(name);
  const defaults = new (writer.type as RecordType).recordConstructor() as T;
  const resolvers = new Map<number, ReturnType<PublishedSchema['type']['createResolver']>>();

  return {
    encode(value) {
      const full = { ...defaults, ...value };
      let buffer = Buffer.allocUnsafe(1024);
      for (;;) {
        const end = writer.type.encode(full, buffer, writeFrame(buffer, writer.id));
        if (end >= 0) return buffer.subarray(0, end);
        // avsc answers minus the number of bytes that were missing.
        buffer = Buffer.allocUnsafe(buffer.length - end);
      }
    },
    decode(value) {
      const id = readFrame(value);
      const schema = schemaById(id);
      if (schema === undefined)
        throw new DecodeError('unknown_schema', `Cannot decode a record: schema id ${id} is not published`);
      if (schema.name !== name)
        throw new DecodeError('wrong_schema', `Cannot decode a record as ${name}: it is a ${schema.name}`);
      checkDatum(schema, value as Buffer);
      try {
        const datum = (value as Buffer).subarray(FRAME_BYTES);
        if (schema === writer) return writer.type.fromBuffer(datum) as T;
        const resolver = resolvers.get(id) ?? writer.type.createResolver(schema.type);
        resolvers.set(id, resolver);
        return writer.type.fromBuffer(datum, resolver) as T;
      } catch (cause) {
        throw new DecodeError('corrupt', `Cannot decode a ${name}: ${(cause as Error).message}`, { cause });
      }
    },
  };
}

export const collectedCodec: Codec<Collected> = createCodec<Collected>('Collected');
export const sessionCodec: Codec<Session> = createCodec<Session>('Session');
export const migrationCodec: Codec<Migration> = createCodec<Migration>('Migration');
export const auditCodec: Codec<Audit> = createCodec<Audit>('Audit');
export const rejectedCodec: Codec<Rejected> = createCodec<Rejected>('Rejected');
export const blockCodec: Codec<Block> = createCodec<Block>('Block');
export const generationCodec: Codec<Generation> = createCodec<Generation>('Generation');
