import { ConfigError } from '#lib/errors.ts';
import type { StageTopic } from '#schemas/topics.ts';
import type { Position } from './position.ts';

/** Topics the loader loads, and the tables their records end in. */
export const TABLES_OF_TOPIC = {
  'events.sessionized': ['events'],
  sessions: ['sessions'],
  'profile.changes': ['user_properties', 'account_properties'],
  'identity.migrations': ['user_migrations'],
} as const satisfies Partial<Record<StageTopic, readonly string[]>>;

export type LoadedTopic = keyof typeof TABLES_OF_TOPIC;

/** Tables whose older rows a replay from a time copies; the others it builds anew. */
export const HAS_COPIES: readonly string[] = ['events', 'user_properties', 'account_properties'];

/**
 * A query for the largest offset of a partition that ClickHouse holds beyond a position and its intent; 0 = none.
 * Rows copied from another generation carry that one's offsets and do not count.
 */
export function aheadSql(
  table: string,
  at: { generation: number; partition: number; position: Position; copiedBeforeMs: number },
): string {
  const { generation, partition, position, copiedBeforeMs } = at;
  const beyond = position.intent === undefined ? position.next : position.intent.last + 1n;
  const loaded =
    copiedBeforeMs > 0 && HAS_COPIES.includes(table)
      ? ` AND received_at >= fromUnixTimestamp64Milli(${copiedBeforeMs})`
      : '';
  return `SELECT toString(max(\`_offset\`)) AS offset, count() AS rows FROM cairn.${table}
WHERE generation = ${generation} AND \`_partition\` = ${partition} AND \`_offset\` >= ${beyond}${loaded}`;
}

/**
 * Throws ConfigError where a topic no longer reaches back to a position: records were deleted before they were
 * loaded. One offset may be missing, as the last of a topic is the marker of its last transaction.
 */
export function requireKept(topic: string, partition: number, next: bigint, first: bigint): void {
  if (first <= next + 1n) return;
  if (next === 0n) {
    throw new ConfigError([
      `Cannot start ${topic}-${partition} from its beginning: the topic starts at ${first}, so its first records were deleted, ` +
        'and no committed offset says that they were loaded. They are still in events.collected: build a new generation by replay',
    ]);
  }
  throw new ConfigError([
    `Cannot go on with ${topic}-${partition} at offset ${next}: the topic starts at ${first}, so records were deleted ` +
      'before they were loaded. They are still in events.collected: build a new generation by replay',
  ]);
}
