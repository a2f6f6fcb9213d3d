import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ClickHouseClient, createClient } from '@clickhouse/client';
import { startClickHouse } from '#infra/embedded/clickhouse.ts';
import { pickFreePort } from '#infra/embedded/ports.ts';
import type { Query } from '#queries/query.ts';

export type QuestionEvent = {
  readonly user: number;
  /** Epoch ms. */
  readonly time: number;
  readonly id: number;
  readonly name: string;
  readonly properties?: Readonly<Record<string, unknown>>;
};

/** A real ClickHouse that holds nothing but the columns of `cairn.resolved_events` that questions read. */
export type QuestionDatabase = {
  readonly clickhouse: ClickHouseClient;
  /** Replaces all events. */
  load(events: readonly QuestionEvent[]): Promise<void>;
  rowsOf<Row>(query: Query): Promise<Row[]>;
  stop(): Promise<void>;
};

export async function startQuestionDatabase(): Promise<QuestionDatabase> {
  const directory = await mkdtemp(join(tmpdir(), 'cairn-questions-'));
  const server = await startClickHouse({ dataDir: directory, port: await pickFreePort() });
  const clickhouse = createClient({
    url: server.url,
    clickhouse_settings: { output_format_json_quote_64bit_integers: 0 },
  });
  await clickhouse.command({ query: 'CREATE DATABASE cairn' });
  await clickhouse.command({
    query: `CREATE TABLE cairn.resolved_events (environment UInt16, user_id UInt64, event_id UInt64,
      time DateTime64(3, 'UTC'), name LowCardinality(String), properties JSON) ENGINE = MergeTree ORDER BY user_id`,
  });
  return {
    clickhouse,
    async load(events) {
      await clickhouse.command({ query: 'TRUNCATE TABLE cairn.resolved_events' });
      if (events.length === 0) return;
      await clickhouse.insert({
        table: 'cairn.resolved_events',
        format: 'JSONEachRow',
        values: events.map(({ user, time, id, name, properties = {} }) => ({
          environment: 1,
          user_id: user,
          event_id: id,
          time: new Date(time).toISOString().slice(0, -1).replace('T', ' '),
          name,
          properties,
        })),
      });
    },
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
}
