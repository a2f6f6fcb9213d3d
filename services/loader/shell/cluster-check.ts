import { ConfigError } from '#lib/errors.ts';
import { noteClusterSql } from '../core/storage-sql.ts';
import type { PatientClickHouse } from './patient-clickhouse.ts';

/**
 * Notes at the first start which Kafka cluster the rows come from, and refuses any other from then on, with a
 * ConfigError: offsets of two clusters say nothing about each other, so rows would be lost or doubled.
 */
export async function requireSameCluster(patient: PatientClickHouse, clusterId: string): Promise<void> {
  const [known] = await patient.call(async (clickHouse) => {
    await clickHouse.command(noteClusterSql(clusterId));
    return clickHouse.query<{ id: string }>('SELECT id FROM cairn.cluster ORDER BY noted_at, id LIMIT 1');
  });
  if (known === undefined || known.id === clusterId) return;
  throw new ConfigError([
    `Cannot load from Kafka cluster ${clusterId}: the rows in ClickHouse come from cluster ${known.id}. ` +
      'Correct CAIRN_KAFKA_BROKERS or CAIRN_CLICKHOUSE_URL; if the log was moved to this cluster with its offsets, ' +
      'TRUNCATE TABLE cairn.cluster',
  ]);
}
