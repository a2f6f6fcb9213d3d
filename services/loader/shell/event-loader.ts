import type { ClickHouse } from '#lib/clickhouse/client.ts';
import { ChunkBuilder } from '../core/chunk-rows.ts';
import type { NameRegistry } from '../core/name-registry.ts';
import { tokenOf } from '../core/position.ts';
import { reloadSessionsSql } from '../core/resolver-sql.ts';
import type { DeadLetters } from './dead-letters.ts';
import type { LoaderMetrics } from './loader-metrics.ts';
import type { ChunkLoader } from './loading-consumer.ts';
import { mendInsert } from './mend-insert.ts';
import type { PatientClickHouse } from './patient-clickhouse.ts';
import { runResolverSql } from './run-resolver-sql.ts';
import { insertRows } from './table-inserter.ts';
import type { ViewKeeper } from './view-keeper.ts';

/** Loads events, sessions and profile changes: rows, then views of new names, then dead letters. */
export function createEventLoader(options: {
  patient: PatientClickHouse;
  deadLetters: DeadLetters;
  generation: number;
  copiedBeforeMs: number;
  metrics: LoaderMetrics;
  names: NameRegistry;
  views: ViewKeeper;
}): ChunkLoader {
  const { patient, deadLetters, generation, copiedBeforeMs, metrics, names, views } = options;
  const builder = new ChunkBuilder({ generation, names, copiedBeforeMs });

  return async ({ name, topic, partition }, range, records, isWanted, isRepeat) => {
    const chunk = builder.build(name, partition, records);
    const refusals = [...chunk.refusals];
    for (const rows of chunk.tables) {
      if (rows.records.length === 0) continue;
      const { table } = rows.table;
      const token = tokenOf(generation, topic, partition, range, table);
      const end = metrics.insertSeconds.startTimer({ table });
      let attempts = isRepeat ? 1 : 0;
      const insert = (clickHouse: ClickHouse) => {
        attempts += 1;
        return insertRows(clickHouse, rows, token);
      };
      const refused = await patient.call(insert, isWanted);
      if (attempts > 1) {
        const place = { generation, partition, range, token, refused };
        const mended = await patient.call((clickHouse) => mendInsert(clickHouse, rows, place), isWanted);
        metrics.mended.inc({ table }, mended);
      }
      end();
      metrics.rows.inc({ table }, rows.records.length - refused.length);
      for (const refusal of refused) {
        const kind = KIND_OF_TABLE[table];
        refusals.push({ ...refusal, kind });
        move(chunk.outcomes, `${kind}.loaded`, `${kind}.rejected`);
      }
    }
    if (chunk.hasAbsorbed)
      await patient.call((clickHouse) => runResolverSql(clickHouse, reloadSessionsSql(generation)), isWanted);
    await patient.call((clickHouse) => views.flushNames(clickHouse), isWanted);
    await deadLetters({ topic, partition }, refusals);
    for (const { code } of refusals) metrics.rejected.inc({ topic, code });
    const last = records.at(-1);
    if (last !== undefined)
      metrics.lagSeconds.set({ topic, partition }, (Date.now() - last.timestampMs) / 1000);
    return { outcomes: chunk.outcomes, streamTimeMs: chunk.streamTimeMs };
  };
}

const KIND_OF_TABLE = {
  events: 'event',
  sessions: 'session',
  user_properties: 'user_properties',
  account_properties: 'account_properties',
} as const;

function move(outcomes: Map<string, number>, from: string, to: string): void {
  outcomes.set(from, (outcomes.get(from) ?? 0) - 1);
  outcomes.set(to, (outcomes.get(to) ?? 0) + 1);
}
