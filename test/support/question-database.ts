import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ClickHouseClient, ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { startClickHouse } from '#infra/embedded/clickhouse.ts';
import { pickFreePort } from '#infra/embedded/ports.ts';
import type { FIELDS } from '#queries/property-ref.ts';
import type { Query } from '#queries/query.ts';
import { eventTableName } from '#schemas/names.ts';
import { columnsOf, STORED_TABLES } from '../../services/loader/core/columns.ts';

/** Database of the readers' tables of the environment that the events are of. */
export const QUESTION_DATABASE = 'main_production';

export type QuestionEvent = {
  readonly user: number;
  /** The user's id where it is left out. */
  readonly device?: number;
  /** 0, none, where it is left out. */
  readonly session?: number;
  /** Epoch ms. */
  readonly time: number;
  readonly id: number;
  readonly name: string;
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly fields?: Readonly<Partial<Record<(typeof FIELDS)[number], string>>>;
};

/** Columns of one row; a time is epoch ms. The columns of a table are those its rows have. */
export type QuestionRow = Readonly<Record<string, string | number | null>>;

/** A real ClickHouse that holds what questions read, as tables: ids are what the test says, nothing is resolved. */
export type QuestionDatabase = {
  readonly clickhouse: ClickHouseClient;
  /** Replaces all events. */
  load(events: readonly QuestionEvent[]): Promise<void>;
  /** Replaces the rows of `users`, each with its `user_id`. */
  loadUsers(rows: readonly QuestionRow[]): Promise<void>;
  /** Replaces the rows of `sessions`, each with its `device_id` and `session_id`. */
  loadSessions(rows: readonly QuestionRow[]): Promise<void>;
  /** Replaces the rows of `accounts`, each with its `account_id`. */
  loadAccounts(rows: readonly QuestionRow[]): Promise<void>;
  rowsOf<Row>(query: Query): Promise<Row[]>;
  stop(): Promise<void>;
};

const TEXT = 'Nullable(String)';
const MOMENT = "DateTime64(3, 'UTC')";

/** Columns that each table has, whatever its rows. */
const COLUMNS = {
  users: { user_id: 'UInt64', identity: TEXT, account_id: TEXT, joindate: MOMENT },
  sessions: {
    ...{ user_id: 'UInt64', device_id: 'UInt64', session_id: 'UInt64', time: MOMENT, ended_at: MOMENT },
    ...{ event_count: 'UInt64', pageview_count: 'UInt64' },
  },
  accounts: { account_id: 'String', user_count: 'UInt64' },
} as const;

const momentOf = (ms: number) => new Date(ms).toISOString().slice(0, -1).replace('T', ' ');

export async function startQuestionDatabase(): Promise<QuestionDatabase> {
  const directory = await mkdtemp(join(tmpdir(), 'cairn-questions-'));
  const server = await startClickHouse({ dataDir: directory, port: await pickFreePort() });
  const clickhouse = createClient({
    url: server.url,
    log: { level: ClickHouseLogLevel.OFF },
    clickhouse_settings: { output_format_json_quote_64bit_integers: 0 },
  });
  const command = (query: string) => clickhouse.command({ query });
  const insert = async (table: string, values: readonly object[]) => {
    if (values.length > 0) await clickhouse.insert({ table, format: 'JSONEachRow', values });
  };
  /** Makes a readers' table anew, with the columns of its rows. */
  const load = async (table: keyof typeof COLUMNS, rows: readonly QuestionRow[]) => {
    const columns: Record<string, string> = { ...COLUMNS[table] };
    for (const row of rows) {
      for (const [name, value] of Object.entries(row)) {
        if (value !== null) columns[name] ??= typeof value === 'number' ? 'Nullable(Float64)' : TEXT;
      }
    }
    const declared = Object.entries(columns).map(([name, type]) => `\`${name}\` ${type}`);
    const name = `${QUESTION_DATABASE}.${table}`;
    await command(`CREATE OR REPLACE TABLE ${name} (${declared.join(', ')}) ENGINE = Memory`);
    const shown = ([column, value]: [string, unknown]) =>
      columns[column] === MOMENT ? [column, momentOf(value as number)] : [column, value];
    await insert(
      name,
      rows.map((row) => Object.fromEntries(Object.entries(row).map(shown))),
    );
  };
  const database: QuestionDatabase = {
    clickhouse,
    async load(events) {
      await command('TRUNCATE TABLE cairn.resolved_events');
      await insert(
        'cairn.resolved_events',
        events.map(({ user, device = user, session = 0, time, id, name, properties = {}, fields = {} }) => ({
          environment: 1,
          user_id: user,
          device_id: device,
          session_id: session,
          event_id: id,
          time: momentOf(time),
          name,
          event_table_name: eventTableName(name, fields.type ?? name),
          properties,
          ...fields,
        })),
      );
    },
    loadUsers: (rows) => load('users', rows),
    loadSessions: (rows) => load('sessions', rows),
    loadAccounts: (rows) => load('accounts', rows),
    async rowsOf<Row>({ sql, params }: Query) {
      const answer = await clickhouse.query({ query: sql, query_params: params, format: 'JSONEachRow' });
      return answer.json<Row>();
    },
    async stop() {
      await clickhouse.close();
      await server.stop();
      await rm(directory, { recursive: true });
    },
  };
  await command('CREATE DATABASE cairn');
  await command(`CREATE DATABASE ${QUESTION_DATABASE}`);
  const columns = columnsOf(STORED_TABLES.events).map(({ name, type }) => `\`${name}\` ${type}`);
  await command(`CREATE TABLE cairn.resolved_events (${columns.join(', ')}) ENGINE = MergeTree
    ORDER BY (environment, event_table_name, device_id, time, event_id)`);
  await database.loadUsers([]);
  await database.loadSessions([]);
  await database.loadAccounts([]);
  return database;
}
