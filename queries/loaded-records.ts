import type { Query } from './query.ts';

/** Tables whose rows each come from one record of the log, with the kind of record they hold. */
const TABLES = [
  { kind: 'event', table: 'events' },
  { kind: 'user_properties', table: 'user_properties' },
  { kind: 'account_properties', table: 'account_properties' },
] as const;

export type LoadedRow = {
  readonly kind: string;
  readonly partition: number;
  readonly rows: number;
  /** Different records among the rows. */
  readonly distinct: number;
};

/**
 * Rows of a generation by partition of the log, for records before the cut. Offsets are dense, so a bitmap of
 * them is small and exact at any size. A binding is written again when its verdict changes: its rows are
 * counted once.
 */
export function loadedRecordsQuery(generation: number, cuts: readonly bigint[]): Query {
  const where = `generation = {generation:UInt16} AND origin_offset < {cuts:Array(UInt64)}[origin_partition + 1]`;
  const counted = TABLES.map(
    ({ kind, table }) =>
      `SELECT '${kind}' AS kind, origin_partition AS partition, count() AS rows, groupBitmap(origin_offset) AS distinct
FROM cairn.${table} WHERE ${where} GROUP BY partition`,
  );
  const bound = `SELECT 'identify' AS kind, origin_partition AS partition, groupBitmap(origin_offset) AS rows, rows AS distinct
FROM cairn.user_migrations WHERE ${where} GROUP BY partition`;
  return {
    sql: [...counted, bound].join('\nUNION ALL\n'),
    params: { generation, cuts: cuts.map(Number) },
  };
}

export type CollisionRow = { readonly collisions: number };

/** Canonical user ids that two identities share: the hash has 53 bits, so it can happen. */
export function collisionsQuery(generation: number): Query {
  return {
    sql: `SELECT count() AS collisions FROM
(
  SELECT environment, to_user_id
  FROM cairn.user_migrations
  WHERE generation = {generation:UInt16}
  GROUP BY environment, to_user_id
  HAVING uniqExact(identity) > 1
)`,
    params: { generation },
  };
}
