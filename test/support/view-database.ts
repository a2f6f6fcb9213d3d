import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startClickHouse } from '#infra/embedded/clickhouse.ts';
import { pickFreePort } from '#infra/embedded/ports.ts';
import { type ClickHouse, createClickHouse } from '#lib/clickhouse/client.ts';
import { DEFAULT_ENVIRONMENTS } from '#lib/config/environments.ts';
import { collectedCodec, sessionCodec } from '#schemas/codec.ts';
import { canonicalUserId } from '#schemas/ids.ts';
import type { Collected, Session } from '#schemas/types.ts';
import { IdentityResolver } from '../../services/loader/shell/identity-resolver.ts';
import { LoaderMetrics } from '../../services/loader/shell/loader-metrics.ts';
import { openLoader, T0 } from './loader-in-memory.ts';

/** A real ClickHouse with the loader's tables and views, and rows put in as a loader does: no Kafka. */
export type ViewDatabase = {
  readonly clickHouse: ClickHouse;
  readonly url: string;
  /** Makes what a loader makes when it starts. */
  start(): Promise<void>;
  load(topic: 'sessions' | 'events.sessionized', values: readonly Buffer[]): Promise<void>;
  loadSessions(...rows: readonly Partial<Session>[]): Promise<void>;
  /** Inserts events and property changes. */
  loadRecords(...records: readonly Partial<Collected>[]): Promise<void>;
  loadPageviews(...events: readonly Partial<Collected>[]): Promise<void>;
  /** Makes a device that of an identity. */
  bind(device: number, identity: string): Promise<void>;
  rows<Row>(sql: string): Promise<Row[]>;
  stop(): Promise<void>;
};

export async function startViewDatabase(environments = DEFAULT_ENVIRONMENTS): Promise<ViewDatabase> {
  const directory = await mkdtemp(join(tmpdir(), 'cairn-views-'));
  const server = await startClickHouse({ dataDir: directory, port: await pickFreePort() });
  const clickHouse = createClickHouse({ url: server.url });
  const loader = openLoader(clickHouse, 1, environments);
  const resolver = new IdentityResolver({ generation: 1, metrics: new LoaderMetrics() });

  const database: ViewDatabase = {
    clickHouse,
    url: server.url,
    start: loader.start,
    load: loader.loadValues,
    loadRecords: (...records) => loader.load(records),
    loadSessions: (...rows) =>
      database.load(
        'sessions',
        rows.map((row) => sessionCodec.encode({ environment: 1, event_count: 1, ...row })),
      ),
    loadPageviews: (...events) =>
      database.load(
        'events.sessionized',
        events.map((event) =>
          collectedCodec.encode({
            ...{ environment: 1, source: 'web', name: 'pageview', type: 'view page', received_at: T0 },
            ...event,
          }),
        ),
      ),
    async bind(device, identity) {
      const place = { origin_partition: 0, origin_offset: 0, partition: 0, offset: 0 };
      const binding = {
        ...{ environment: 1, from_user_id: device, to_user_id: canonicalUserId(1, identity), identity },
        ...{ bound_at: T0, time: T0, source: 'web', event_id: 0, counts: 1, reason: '', ...place },
      };
      await resolver.add(clickHouse, [binding], { insert_deduplication_token: `binding ${device}` });
    },
    rows: (sql) => clickHouse.query(sql, { output_format_json_quote_64bit_integers: 0 }),
    async stop() {
      await server.stop();
      await rm(directory, { recursive: true });
    },
  };
  return database;
}
