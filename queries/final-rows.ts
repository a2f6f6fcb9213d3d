import type { Query } from './query.ts';

/** One key of a compacted topic as ClickHouse has it. */
export type FinalRow = {
  readonly partition: number;
  readonly offset: number;
  readonly environment: number;
  readonly device_id: number;
  /** 0 for a binding. */
  readonly session_id: number;
  /** Epoch ms; 0 for a binding, and for a session whose row does not say. */
  readonly opened_at: number;
};

/** The newest row of each part of a session, and where it was read. */
export function finalSessionsQuery(generation: number): Query {
  return {
    sql: `SELECT \`_partition\` AS partition, \`_offset\` AS offset, environment, device_id, session_id,
  toUnixTimestamp64Milli(s.opened_at) AS opened_at
FROM cairn.sessions AS s FINAL
WHERE generation = {generation:UInt16}`,
    params: { generation },
  };
}

/** The row of each binding, and where it was read. */
export function finalMigrationsQuery(generation: number): Query {
  return {
    sql: `SELECT any(\`_partition\`) AS partition, max(\`_offset\`) AS offset, environment, from_user_id AS device_id,
  0 AS session_id, 0 AS opened_at
FROM cairn.user_migrations
WHERE generation = {generation:UInt16}
GROUP BY environment, from_user_id`,
    params: { generation },
  };
}
