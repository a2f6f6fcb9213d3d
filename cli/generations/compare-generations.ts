import type { ClickHouseClient } from '@clickhouse/client';
import { ask } from '../clickhouse-access.ts';
import { thousands } from '../table.ts';
import {
  type ChecksumRow,
  COMPARED_TABLES,
  type ComparedTable,
  type ComparisonScope,
  checksumSql,
  concernedSql,
  differingKeysSql,
} from './comparison-sql.ts';

export type TableComparison = {
  readonly table: ComparedTable;
  readonly environment: number;
  readonly rows: readonly [live: number, next: number];
  readonly checksums: readonly [live: string, next: string];
  readonly equal: boolean;
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

/** Compares what readers would see of two generations before a cut, by table and environment. */
export async function compareGenerations(
  clickhouse: ClickHouseClient,
  scope: ComparisonScope,
): Promise<Comparison> {
  const query = <Row>(sql: string) => ask<Row>(clickhouse, { sql, params: {} });
  const tables: TableComparison[] = [];
  for (const table of COMPARED_TABLES) {
    const [live, next] = (await Promise.all(
      scope.generations.map((generation) => query<ChecksumRow>(checksumSql(table, generation, scope))),
    )) as [ChecksumRow[], ChecksumRow[]];
    for (const environment of new Set([...live, ...next].map((row) => row.environment))) {
      const sides = [live, next].map((side) => side.find((row) => row.environment === environment));
      const rows = sides.map((side) => side?.rows ?? 0) as [number, number];
      const checksums = sides.map((side) => side?.checksum ?? '0') as [string, string];
      const equal = rows[0] === rows[1] && checksums[0] === checksums[1];
      const keys = equal ? [] : await query<{ key: string }>(differingKeysSql(table, environment, scope));
      tables.push({ table, environment, rows, checksums, equal, firstKeys: keys.map(({ key }) => key) });
    }
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
