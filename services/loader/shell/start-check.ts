import { ConfigError } from '#lib/errors.ts';
import { aheadSql, type LoadedTopic, TABLES_OF_TOPIC } from '../core/start-check.ts';
import type { LoadingConsumerOptions } from './loading-consumer.ts';
import type { PatientClickHouse } from './patient-clickhouse.ts';

/** Refuses, with a ConfigError, to load a partition of which ClickHouse holds more than was committed. */
export function createStartCheck(options: {
  patient: PatientClickHouse;
  generation: number;
  copiedBeforeMs: number;
}): LoadingConsumerOptions['checkStart'] {
  const { patient, generation, copiedBeforeMs } = options;
  return async (name, partition, position, isWanted) => {
    for (const table of TABLES_OF_TOPIC[name as LoadedTopic]) {
      const sql = aheadSql(table, { generation, partition, position, copiedBeforeMs });
      const [ahead] = await patient.call(
        (clickHouse) => clickHouse.query<{ offset: string; rows: string }>(sql),
        isWanted,
      );
      if (ahead === undefined || Number(ahead.rows) === 0) continue;
      throw new ConfigError([
        `Cannot load partition ${partition} of ${name}: table cairn.${table} holds ${ahead.rows} of its records up to offset ` +
          `${ahead.offset}, but the group's committed position is ${position.next}; loading on would write them twice. ` +
          'Was the offset set back or deleted, did the broker let it expire (offsets.retention.minutes), or was the topic made ' +
          'anew? Put it back, or build a new generation with cairn replay',
      ]);
    }
  };
}
