import { literal } from '#lib/clickhouse/sql-text.ts';
import { ofGeneration, resolvedUserId } from './resolver-sql.ts';

/*
 * The squash: stored user ids brought up to what readers see. Views resolve from `device_id`, so it changes no answer,
 * whenever it runs and however far it got; who reads the storage tables themselves, or copies them, finds the same ids.
 */

/** Tables that store a user id as it was known when the row was made. */
export const SQUASHED_TABLES = ['events', 'sessions'] as const;

export type SquashedTable = (typeof SQUASHED_TABLES)[number];

const resolved = (generation: number) => resolvedUserId('', 'device_id', ofGeneration(generation));

/** Rows whose stored user id is not the resolved one, by ClickHouse's partition. One thread, as nobody waits for it. */
export function staleSql(table: SquashedTable, generation: number): string {
  return `SELECT _partition_id AS partition, count() AS rows FROM cairn.${table}
WHERE generation = ${generation} AND user_id != ${resolved(generation)}
GROUP BY partition ORDER BY partition SETTINGS max_threads = 1`;
}

/**
 * Rewrites the stale user ids of one partition. ClickHouse keeps the order on disk and goes on after a crash; where it
 * runs twice, the second finds nothing to do.
 */
export function squashSql(table: SquashedTable, generation: number, partition: string): string {
  return `ALTER TABLE cairn.${table} UPDATE user_id = ${resolved(generation)} IN PARTITION ID ${literal(partition)}
WHERE user_id != ${resolved(generation)} SETTINGS mutations_sync = 0`;
}

const OF_SQUASHES = `database = 'cairn' AND table IN (${SQUASHED_TABLES.map(literal).join(', ')})
AND NOT is_done AND startsWith(replaceOne(command, '(', ''), 'UPDATE user_id = ')`;

/** Rewrites that are under way, with why they failed last; empty = they did not. */
export const UNDER_WAY_SQL = `SELECT table, mutation_id, latest_fail_reason AS failure FROM system.mutations
WHERE ${OF_SQUASHES}`;

/** Gives up what is under way: rows that were rewritten stay so. */
export const GIVE_UP_SQL = `KILL MUTATION WHERE ${OF_SQUASHES}`;
