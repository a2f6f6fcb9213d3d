import type { Query } from './query.ts';

/** One key of a compacted topic as ClickHouse has it. */
export type FinalRow = {
  readonly partition: number;
  readonly offset: number;
  readonly environment: number;
  readonly device_id: number;
  /** 0 for a binding. */
  readonly session_id: number;
};

/** The newest row of each session, and where it was read. */
export function finalSessionsQuery(generation: number): Query {
  return {
    sql: `SELECT \`_partition\` AS partition, \`_offset\` AS offset, environment, device_id, session_id
FROM cairn.sessions FINAL
WHERE generation = {generation:UInt16}`,
    params: { generation },
  };
}

/** The row of each binding, and where it was read. */
export function finalMigrationsQuery(generation: number): Query {
  return {
    sql: `SELECT any(\`_partition\`) AS partition, max(\`_offset\`) AS offset, environment, from_user_id AS device_id, 0 AS session_id
FROM cairn.user_migrations
WHERE generation = {generation:UInt16}
GROUP BY environment, from_user_id`,
    params: { generation },
  };
}
