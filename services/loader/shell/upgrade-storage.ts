import type { ClickHouse } from '#lib/clickhouse/client.ts';
import { DEVICE_SOURCES, renewDeviceViewSql } from '../core/storage-sql.ts';

/** Brings what CREATE IF NOT EXISTS leaves as an older version made it up to date. Safe to run again. */
export async function upgradeStorage(clickHouse: ClickHouse): Promise<void> {
  const old = await clickHouse.query<{ name: string }>(
    `SELECT name FROM system.tables WHERE database = 'cairn' AND startsWith(name, 'devices_from_')
AND position(create_table_query, 'noted_at') = 0`,
  );
  for (const source of DEVICE_SOURCES)
    if (old.some(({ name }) => name === `devices_from_${source}`))
      await clickHouse.command(renewDeviceViewSql(source));
}
