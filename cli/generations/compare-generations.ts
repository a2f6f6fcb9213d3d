import type { ClickHouseClient } from '@clickhouse/client';
import { ask } from '../clickhouse-access.ts';
import { thousands } from '../table.ts';
import {
  COMPARED_TABLES,
  type ComparedTable,
  type ComparisonScope,
  compareSql,
  concernedSql,
  differingKeysSql,
  movedSql,
  type Person,
  type TableRow,
} from './comparison-sql.ts';

const NAMED_DEVICES = 5;

export type TableComparison = {
  readonly table: ComparedTable;
  readonly environment: number;
  readonly rows: readonly [live: number, next: number];
  readonly checksums: readonly [live: string, next: string];
  readonly equal: boolean;
  /** Devices that differ and have moved since the cut: neither side of them is in rows and checksums. */
  readonly setAside: number;
  /** Some of the rows that differ; empty where none do. */
  readonly firstKeys: readonly string[];
};

export type Comparison = {
  readonly generations: readonly [live: number, next: number];
  readonly equal: boolean;
  readonly tables: readonly TableComparison[];
  /** What blocks concern and was therefore left out: identities, and devices and users in all. */
  readonly leftOut: { readonly identities: number; readonly ids: number };
};

/**
 * Compares what readers would see of two generations before a cut, by table and environment. Beside live traffic one
 * of the two may be a moment ahead: devices that differ are set aside where they have moved since the cut.
 */
export async function compareGenerations(
  clickhouse: ClickHouseClient,
  scope: ComparisonScope,
): Promise<Comparison> {
  const query = <Row>(sql: string) => ask<Row>(clickhouse, { sql, params: {} });
  const found: { table: ComparedTable; row: TableRow }[] = [];
  for (const table of COMPARED_TABLES)
    for (const row of await query<TableRow>(compareSql(table, scope))) found.push({ table, row });
  const anyDiffers = found.some(({ row }) => row.differing > 0);
  const moved = new Set((anyDiffers ? await query<Person>(movedSql(scope)) : []).map(nameOf));
  const tables: TableComparison[] = [];
  for (const { table, row } of found) {
    const { firstDevices, ...compared } = judge(row, moved);
    const keys =
      firstDevices.length === 0
        ? []
        : await query<{ key: string }>(differingKeysSql(table, row.environment, firstDevices, scope));
    tables.push({
      table,
      environment: row.environment,
      ...compared,
      firstKeys: keys.map(({ key }) => key),
    });
  }
  const [left] =
    scope.blocked.length === 0
      ? [{ ids: 0 }]
      : await query<{ ids: number }>(`SELECT count() AS ids FROM (${concernedSql(scope)})`);
  return {
    generations: scope.generations,
    equal: tables.every(({ equal }) => equal),
    tables,
    leftOut: { identities: scope.blocked.length, ids: left?.ids ?? 0 },
  };
}

const nameOf = ({ environment, id }: Person) => `${environment}/${id}`;

/** Adds the devices that differ without having moved to those that are alike. */
export function judge(row: TableRow, moved: ReadonlySet<string>) {
  const still = row.devices.filter(([id]) => !moved.has(nameOf({ environment: row.environment, id })));
  const rows = [row.alikeRows, row.alikeRows];
  const sums = [BigInt(row.alikeSum), BigInt(row.alikeSum)];
  for (const [, live, next, liveSum, nextSum] of still) {
    rows[0]! += live;
    rows[1]! += next;
    sums[0]! += BigInt(liveSum);
    sums[1]! += BigInt(nextSum);
  }
  const [live, next] = sums.map((sum) => String(BigInt.asUintN(64, sum))) as [string, string];
  const listed = row.devices.length === row.differing;
  return {
    rows: rows as unknown as readonly [number, number],
    checksums: [live, next] as const,
    equal: still.length === 0 && listed,
    setAside: row.devices.length - still.length,
    firstDevices: still.slice(0, NAMED_DEVICES).map(([device]) => device),
  };
}

/** The differences in words, a line each. */
export function differencesOf({ generations, tables }: Comparison): string[] {
  return tables
    .filter(({ equal }) => !equal)
    .map(({ table, environment, rows, firstKeys }) => {
      const counts = generations.map(
        (generation, side) => `${thousands(rows[side] ?? 0)} in generation ${generation}`,
      );
      const keys = firstKeys.length === 0 ? '' : `; first: ${firstKeys.join(', ')}`;
      return `${table} of environment ${environment}: rows ${counts.join(', ')}${keys}`;
    });
}
