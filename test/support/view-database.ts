import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startClickHouse } from '#infra/embedded/clickhouse.ts';
import { pickFreePort } from '#infra/embedded/ports.ts';
import { type ClickHouse, createClickHouse } from '#lib/clickhouse/client.ts';
import { DEFAULT_ENVIRONMENTS } from '#lib/config/environments.ts';
import { createLogger } from '#lib/service/logger.ts';
import { collectedCodec, sessionCodec } from '#schemas/codec.ts';
import { canonicalUserId } from '#schemas/ids.ts';
import type { Collected, Session } from '#schemas/types.ts';
import { ChunkBuilder } from '../../services/loader/core/chunk-rows.ts';
import { NameRegistry } from '../../services/loader/core/name-registry.ts';
import { reloadSessionsSql } from '../../services/loader/core/resolver-sql.ts';
import { IdentityResolver } from '../../services/loader/shell/identity-resolver.ts';
import { LoaderMetrics } from '../../services/loader/shell/loader-metrics.ts';
import { insertRows } from '../../services/loader/shell/table-inserter.ts';
import { ViewKeeper } from '../../services/loader/shell/view-keeper.ts';

/** Time that rows have where a test does not care. */
export const T0 = Date.UTC(2026, 0, 1);

/** A real ClickHouse with the loader's tables and views, and rows put in as a loader does: no Kafka. */
export type ViewDatabase = {
  readonly clickHouse: ClickHouse;
  /** Makes what a loader makes when it starts. */
  start(): Promise<void>;
  load(topic: 'sessions' | 'events.sessionized', values: readonly Buffer[]): Promise<void>;
  loadSessions(...rows: readonly Partial<Session>[]): Promise<void>;
  loadPageviews(...events: readonly Partial<Collected>[]): Promise<void>;
  /** Makes a device that of an identity. */
  bind(device: number, identity: string): Promise<void>;
  rows<Row>(sql: string): Promise<Row[]>;
  stop(): Promise<void>;
};

export async function startViewDatabase(): Promise<ViewDatabase> {
  const directory = await mkdtemp(join(tmpdir(), 'cairn-views-'));
  const server = await startClickHouse({ dataDir: directory, port: await pickFreePort() });
  const clickHouse = createClickHouse({ url: server.url });
  const names = new NameRegistry();
  const metrics = new LoaderMetrics();
  const log = createLogger('test', 'error');
  const options = { generation: 1, environments: DEFAULT_ENVIRONMENTS, names, reader: undefined };
  const views = new ViewKeeper({ ...options, log, metrics });
  const builder = new ChunkBuilder({ generation: 1, names });
  const resolver = new IdentityResolver({ generation: 1, metrics });
  // Rows that a test has put there by itself come before.
  let offset = 1;

  const database: ViewDatabase = {
    clickHouse,
    start: () => views.start(clickHouse),
    async load(topic, values) {
      const built = builder.build(
        topic,
        0,
        values.map((value) => {
          offset += 1;
          const place = { originPartition: 0, originOffset: offset };
          return { offset: BigInt(offset), bytes: 0, key: null, value, timestampMs: T0 + offset, ...place };
        }),
      );
      if (built.refusals.length > 0) throw new Error(built.refusals[0]?.message);
      for (const rows of built.tables) await insertRows(clickHouse, rows, `${topic} ${offset}`);
      await views.flushNames(clickHouse);
      if (built.hasAbsorbed) await clickHouse.command(reloadSessionsSql(1));
    },
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
