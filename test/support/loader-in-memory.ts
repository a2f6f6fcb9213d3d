import assert from 'node:assert/strict';
import type { ClickHouse } from '#lib/clickhouse/client.ts';
import { DEFAULT_ENVIRONMENTS } from '#lib/config/environments.ts';
import { createLogger } from '#lib/service/logger.ts';
import { collectedCodec } from '#schemas/codec.ts';
import type { Collected } from '#schemas/types.ts';
import { ChunkBuilder } from '../../services/loader/core/chunk-rows.ts';
import { NameRegistry } from '../../services/loader/core/name-registry.ts';
import { LoaderMetrics } from '../../services/loader/shell/loader-metrics.ts';
import { insertRows } from '../../services/loader/shell/table-inserter.ts';
import { ViewKeeper } from '../../services/loader/shell/view-keeper.ts';

/** Time of records that name none. Epoch ms. */
export const T0 = Date.UTC(2026, 0, 1);

const log = createLogger('test', 'error');
const metrics = new LoaderMetrics();
let offset = 0;

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
  return {
    start: () => views.start(clickHouse),
    /** Inserts records under one token. */
    async load(records: readonly Partial<Collected>[], token = `${offset}`) {
      const built = builder.build(
        'events.sessionized',
        0,
        records.map((record) => {
          offset += 1;
          const value = collectedCodec.encode({
            environment: 1,
            kind: 'event',
            time: T0,
            received_at: T0,
            type: record.name ?? '',
            ...record,
          });
          const place = { originPartition: 0, originOffset: offset };
          return { offset: BigInt(offset), bytes: 0, key: null, value, timestampMs: T0 + offset, ...place };
        }),
      );
      assert.deepEqual(built.refusals, []);
      for (const rows of built.tables) {
        assert.deepEqual(await insertRows(clickHouse, rows, `${token} ${rows.table.table}`), []);
      }
      await views.flushNames(clickHouse);
    },
  };
}
