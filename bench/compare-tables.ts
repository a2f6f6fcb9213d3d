import type { ClickHouse } from '#lib/clickhouse/client.ts';
import { COMPARED_TABLES, type ComparedTable } from '../cli/generations/comparison-sql.ts';
import { columnsOf, STORED_TABLES } from '../services/loader/core/columns.ts';

/** All rows of a table in two generations, column by column as they are stored. */
export type StoredRows = {
  readonly table: ComparedTable;
  readonly rows: readonly [number, number];
  readonly checksums: readonly [string, string];
  readonly equal: boolean;
};

/** Where a row of a derived topic was read from, and when: generations do not share it. */
const OWN_TO_A_GENERATION = ['generation', '_partition', '_offset', 'version'];
/** The record that made a transaction publish a session is none of the session's own. */
const OWN_TO_A_TRANSACTION = ['origin_partition', 'origin_offset'];

const MIGRATION_COLUMNS = [
  ...['environment', 'from_user_id', 'to_user_id', 'identity', 'bound_at', 'time', 'source', 'event_id'],
  ...['origin_partition', 'origin_offset', 'counts', 'reason'],
];

/** Compares what two generations have stored, ids as their stages wrote them and nothing resolved. */
export async function compareTables(
  clickhouse: ClickHouse,
  generations: readonly [number, number],
): Promise<readonly StoredRows[]> {
  const compared: StoredRows[] = [];
  for (const table of COMPARED_TABLES) {
    const found = await clickhouse.query<{ generation: number; rows: string; checksum: string }>(
      `SELECT t.generation AS generation, count() AS rows, toString(sum(cityHash64(${hashedColumns(table).join(', ')}))) AS checksum
FROM cairn.${table} AS t ${REPLACING.has(table) ? 'FINAL ' : ''}WHERE t.generation IN (${generations.join(', ')}) GROUP BY t.generation`,
    );
    const of = (generation: number) => found.find((row) => row.generation === generation);
    const rows = generations.map((generation) => Number(of(generation)?.rows ?? 0));
    const checksums = generations.map((generation) => of(generation)?.checksum ?? '0');
    compared.push({
      table,
      rows: rows as [number, number],
      checksums: checksums as [string, string],
      equal: rows[0] === rows[1] && checksums[0] === checksums[1],
    });
  }
  return compared;
}

const REPLACING: ReadonlySet<ComparedTable> = new Set(['sessions', 'user_migrations']);

function hashedColumns(table: ComparedTable): readonly string[] {
  if (table === 'user_migrations') return MIGRATION_COLUMNS.map((name) => `t.${name}`);
  const except = [...OWN_TO_A_GENERATION, ...(table === 'sessions' ? OWN_TO_A_TRANSACTION : [])];
  return columnsOf(STORED_TABLES[table])
    .filter(({ name }) => !except.includes(name))
    .map(({ name }) => (name === 'properties' ? 'toJSONString(t.properties)' : `t.${name}`));
}
