import type { TopicName } from '#schemas/topics.ts';
import type { Position } from './position.ts';

/** Topics the loader loads, and the tables their records end in. */
export const TABLES_OF_TOPIC = {
  'events.sessionized': ['events'],
  sessions: ['sessions'],
  'profile.changes': ['user_properties', 'account_properties'],
  'identity.migrations': ['user_migrations'],
} as const satisfies Partial<Record<TopicName, readonly string[]>>;

export type LoadedTopic = keyof typeof TABLES_OF_TOPIC;

/** A query for the largest offset of a partition that ClickHouse holds beyond a position and its intent; 0 = none. */
export function aheadSql(table: string, generation: number, partition: number, position: Position): string {
  const beyond = position.intent === undefined ? position.next : position.intent.last + 1n;
  return `SELECT toString(max(\`_offset\`)) AS offset, count() AS rows FROM cairn.${table}
WHERE generation = ${generation} AND \`_partition\` = ${partition} AND \`_offset\` >= ${beyond}`;
}
