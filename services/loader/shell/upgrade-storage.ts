import type { ClickHouse } from '#lib/clickhouse/client.ts';
import { DEVICE_SOURCES, renewDeviceViewSql } from '../core/storage-sql.ts';

/**
 * What must come before STORAGE_SQL adds columns. The first types of a name are worked out from its row where the table
 * has none yet, and a table that is not merged has a row for each type that came: merged, a name is one row with all
 * its types, so that a column that was text for several of them stays text. Safe to run again.
 */
export async function prepareUpgrade(clickHouse: ClickHouse): Promise<void> {
  const [{ older } = { older: 0 }] = await clickHouse.query<{ older: number }>(
    `SELECT toUInt8(count() > 0 AND countIf(name = 'first_typed') = 0) AS older FROM system.columns
WHERE database = 'cairn' AND table = 'names'`,
  );
  if (older === 1) await clickHouse.command('OPTIMIZE TABLE cairn.names FINAL');
}

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
