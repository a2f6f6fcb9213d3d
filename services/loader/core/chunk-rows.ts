import { checkSize } from '#lib/streams/dead-letter.ts';
import type { Origin } from '#lib/streams/processor.ts';
import { RETRY_TAKEN, type Retry } from '#lib/streams/retry.ts';
import { DecodeError, FRAME_BYTES, readFrame } from '#schemas/framing.ts';
import { MAX_ENVIRONMENT } from '#schemas/ids.ts';
import { KINDS } from '#schemas/kinds.ts';
import { eventTableName } from '#schemas/names.ts';
import { type PublishedSchema, type SchemaName, schemaById } from '#schemas/registry.ts';
import type { TopicName } from '#schemas/topics.ts';
import { STORED_TABLES, type StoredTable } from './columns.ts';
import type { NameRegistry, Scope } from './name-registry.ts';
import { readProperties } from './properties.ts';
import { ODD, shapeOf } from './property-shape.ts';
import { RowBlock } from './row-block.ts';
import { kindOf, Transcriber } from './transcode.ts';

/** A record read from a topic the loader loads. */
export type LoadRecord = {
  readonly offset: bigint;
  /** Bytes of key and value. */
  readonly bytes: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  /** Kafka timestamp: the receive time. Epoch ms UTC. */
  readonly timestampMs: number;
  /** Where in events.collected it came from; 0 where its headers do not say. */
  readonly originPartition: number;
  readonly originOffset: number;
  /** Where its headers say it came from; undefined on a record that no stage wrote. */
  readonly origin?: Origin | undefined;
  /** Dead letter it was put back from, if any. */
  readonly retry?: Retry | undefined;
};

/** A record that cannot be loaded, with the reason. */
export type Refusal = {
  readonly record: LoadRecord;
  readonly code: string;
  readonly message: string;
  readonly kind: string;
};

/** Rows of one table, each with the record it came from. */
export type TableRows = {
  readonly table: StoredTable;
  readonly block: RowBlock;
  readonly records: LoadRecord[];
};

/** All that loading a chunk of records means. */
export type ChunkRows = {
  readonly tables: readonly TableRows[];
  readonly refusals: readonly Refusal[];
  /** Number of records by `<kind>.<outcome>`. */
  readonly outcomes: Map<string, number>;
  /** Largest receive time. Epoch ms UTC. */
  readonly streamTimeMs: number;
  /** True where a session was absorbed by another. */
  readonly hasAbsorbed: boolean;
};

const TABLE_OF_KIND: Readonly<Record<string, StoredTable>> = {
  event: STORED_TABLES.events,
  user_properties: STORED_TABLES.user_properties,
  account_properties: STORED_TABLES.account_properties,
};

/** Turns the records of one partition into rows. It remembers names and nothing else between chunks. */
export class ChunkBuilder {
  readonly #generation: number;
  readonly #names: NameRegistry;
  readonly #transcribers = new Map<string, Transcriber>();
  readonly #eventTables = new Map<string, Buffer>();
  readonly #copiedBeforeMs: number;

  /** Rows of events and property changes received before `copiedBeforeMs` (epoch ms) are there already. */
  constructor(options: { generation: number; names: NameRegistry; copiedBeforeMs?: number }) {
    this.#generation = options.generation;
    this.#names = options.names;
    this.#copiedBeforeMs = options.copiedBeforeMs ?? 0;
  }

  build(topic: TopicName, partition: number, records: readonly LoadRecord[]): ChunkRows {
    const tables = new Map<StoredTable, TableRows>();
    const refusals: Refusal[] = [];
    const outcomes = new Map<string, number>();
    const count = (outcome: string) => outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    let streamTimeMs = 0;
    let hasAbsorbed = false;
    for (const record of records) {
      streamTimeMs = Math.max(streamTimeMs, record.timestampMs);
      if (record.retry !== undefined) count(RETRY_TAKEN);
      // A tombstone asks compaction to forget a session; its row is erased by whoever wrote the tombstone.
      if (topic === 'sessions' && record.value === null) {
        count('session.tombstone');
        continue;
      }
      let kind = topic === 'sessions' ? 'session' : '';
      let rows: TableRows | undefined;
      try {
        checkSize(record.key, record.value);
        const schema = schemaOf(record.value, topic === 'sessions' ? 'Session' : 'Collected');
        if (topic !== 'sessions') kind = kindOf(record.value as Buffer);
        const table = topic === 'sessions' ? STORED_TABLES.sessions : TABLE_OF_KIND[kind];
        if (table === undefined) {
          if (!KINDS.some((known) => known === kind))
            throw new DecodeError(
              'unknown_kind',
              `Cannot load a record: unknown kind ${JSON.stringify(kind)}`,
            );
          count(`${kind}.ignored`);
          continue;
        }
        if (topic !== 'sessions' && record.timestampMs < this.#copiedBeforeMs) {
          count(`${kind}.copied`);
          continue;
        }
        rows = tables.get(table) ?? { table, block: new RowBlock(), records: [] };
        tables.set(table, rows);
        const transcriber = this.#append(rows, schema, partition, record);
        hasAbsorbed ||= transcriber.mergedInto !== 0;
        count(`${kind}.loaded`);
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error;
        rows?.block.dropRow();
        refusals.push({ record, code: error.code, message: error.message, kind });
        count('unknown.rejected');
      }
    }
    return { tables: [...tables.values()], refusals, outcomes, streamTimeMs, hasAbsorbed };
  }

  #append(
    { table, block, records }: TableRows,
    schema: PublishedSchema,
    partition: number,
    record: LoadRecord,
  ): Transcriber {
    const transcriber = this.#transcriber(table, schema);
    const value = record.value as Buffer;
    let learnt: readonly (readonly [string, number])[] | undefined;
    transcriber.transcribe(value, FRAME_BYTES, block, (json) => {
      const shape = shapeOf(json);
      if (
        shape !== ODD &&
        this.#names.hasShape(
          transcriber.environment,
          ...this.#place(table, transcriber, record.timestampMs),
          shape,
        )
      )
        return undefined;
      const { entries, replacement } = readProperties(json);
      learnt = entries;
      return replacement;
    });
    checkEnvironment(transcriber.environment);
    if (table === STORED_TABLES.events) block.string(this.#eventTable(transcriber, record.timestampMs));
    block.uint16(this.#generation);
    block.uint16(partition);
    block.uint64(Number(record.offset));
    block.uint16(record.originPartition);
    block.uint64(record.originOffset);
    block.endRow();
    records.push(record);
    if (learnt !== undefined) this.#learn(table, transcriber, learnt, record.timestampMs);
    return transcriber;
  }

  #learn(
    table: StoredTable,
    transcriber: Transcriber,
    entries: readonly (readonly [string, number])[],
    firstSeenMs: number,
  ): void {
    const [scope, tableName] = this.#place(table, transcriber, firstSeenMs);
    for (const [name, types] of entries) {
      if (name.length > LONGEST_NAME) continue;
      this.#names.learn({ environment: transcriber.environment, scope, tableName, name, types, firstSeenMs });
    }
  }

  /** Where in the registry the properties of the record just read belong. */
  #place(table: StoredTable, transcriber: Transcriber, firstSeenMs: number): readonly [Scope, string] {
    if (table === STORED_TABLES.user_properties) return ['user_property', ''];
    if (table === STORED_TABLES.account_properties) return ['account_property', ''];
    return ['event_property', this.#eventTable(transcriber, firstSeenMs).toString('latin1')];
  }

  /** `event_table_name` of the event just read; registers its name. */
  #eventTable(transcriber: Transcriber, firstSeenMs: number): Buffer {
    const name = transcriber.noted('name');
    const type = transcriber.noted('type');
    const key = `${transcriber.environment}\0${name.toString('latin1')}\0${type.toString('latin1')}`;
    const known = this.#eventTables.get(key);
    if (known !== undefined) return known;
    const text = name.toString('utf8');
    const tableName = eventTableName(text, type.toString('utf8'));
    const bytes = Buffer.from(tableName, 'latin1');
    if (this.#eventTables.size >= MOST_EVENT_NAMES) this.#eventTables.clear();
    this.#eventTables.set(key, bytes);
    this.#names.learn({
      environment: transcriber.environment,
      scope: 'event',
      tableName,
      name: text.slice(0, LONGEST_NAME),
      types: 0,
      firstSeenMs,
    });
    return bytes;
  }

  #transcriber(table: StoredTable, schema: PublishedSchema): Transcriber {
    const key = `${table.table} ${schema.id}`;
    const known = this.#transcribers.get(key);
    if (known !== undefined) return known;
    const transcriber = new Transcriber(table, schema);
    this.#transcribers.set(key, transcriber);
    return transcriber;
  }
}

const MOST_EVENT_NAMES = 50_000;

/** A longer name is in no statement about columns: a property of that name stays in the JSON. */
const LONGEST_NAME = 1024;

/** Environment and id share a key of 64 bits: a larger environment would run into another's ids. */
function checkEnvironment(environment: number): void {
  if (environment < 1 || environment > MAX_ENVIRONMENT) {
    throw new DecodeError(
      'out_of_range',
      `Cannot load a record: environment is ${environment}, want 1 to ${MAX_ENVIRONMENT}`,
    );
  }
}

/** Writer's schema of a framed value. Throws DecodeError where it is not of the wanted name. */
function schemaOf(value: Buffer | null, wanted: SchemaName): PublishedSchema {
  const id = readFrame(value);
  const schema = schemaById(id);
  if (schema === undefined)
    throw new DecodeError('unknown_schema', `Cannot decode a record: schema id ${id} is not published`);
  if (schema.name !== wanted)
    throw new DecodeError('wrong_schema', `Cannot decode a record as ${wanted}: it is a ${schema.name}`);
  return schema;
}
