import assert from 'node:assert/strict';
import type { ClickHouse } from '#lib/clickhouse/client.ts';
import { DEFAULT_ENVIRONMENTS } from '#lib/config/environments.ts';
import { createLogger } from '#lib/service/logger.ts';
import { collectedCodec } from '#schemas/codec.ts';
import type { TopicName } from '#schemas/topics.ts';
import type { Collected } from '#schemas/types.ts';
import { ChunkBuilder } from '../../services/loader/core/chunk-rows.ts';
import { NameRegistry } from '../../services/loader/core/name-registry.ts';
import { reloadSessionsSql } from '../../services/loader/core/resolver-sql.ts';
import { LoaderMetrics } from '../../services/loader/shell/loader-metrics.ts';
import { insertRows } from '../../services/loader/shell/table-inserter.ts';
import { ViewKeeper } from '../../services/loader/shell/view-keeper.ts';

/** Time of records that name none. Epoch ms. */
export const T0 = Date.UTC(2026, 0, 1);

const log = createLogger('test', 'error');
const metrics = new LoaderMetrics();
/** Rows that a test has put there by itself come before. */
let offset = 1;

/** What one loader process has in memory: it inserts records as a loader does, without Kafka. */
export function openLoader(clickHouse: ClickHouse, generation = 1, environments = DEFAULT_ENVIRONMENTS) {
  const names = new NameRegistry();
  const views = new ViewKeeper({
    generation,
    environments,
    names,
    reader: undefined,
    log,
    metrics,
  });
  const builder = new ChunkBuilder({ generation, names });
  const loader = {
    start: () => views.start(clickHouse),
    /** Inserts encoded records under one token. */
    async loadValues(topic: TopicName, values: readonly Buffer[], token = `${offset}`) {
      const built = builder.build(
        topic,
        0,
        values.map((value) => {
          offset += 1;
          const place = { originPartition: 0, originOffset: offset };
          return { offset: BigInt(offset), bytes: 0, key: null, value, timestampMs: T0 + offset, ...place };
        }),
      );
      assert.deepEqual(built.refusals, []);
      for (const rows of built.tables) {
        assert.deepEqual(await insertRows(clickHouse, rows, `${token} ${rows.table.table}`), []);
      }
      await views.flushNames(clickHouse);
      if (built.hasAbsorbed) await clickHouse.command(reloadSessionsSql(generation));
    },
    /** Inserts events and property changes under one token. */
    load(records: readonly Partial<Collected>[], token?: string) {
      const values = records.map((record) =>
        collectedCodec.encode({
          environment: 1,
          kind: 'event',
          time: T0,
          received_at: T0,
          type: record.name ?? '',
          ...record,
        }),
      );
      return loader.loadValues('events.sessionized', values, token);
    },
  };
  return loader;
}
