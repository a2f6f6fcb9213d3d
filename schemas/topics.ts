import type { SchemaName } from './registry.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

export type Topic = {
  /** What a record is, who writes it and who reads it. */
  readonly doc: string;
  readonly key: 'record key' | 'session key' | 'block key' | 'generation key';
  readonly schema: SchemaName;
  /** True where each generation has a topic of its own. */
  readonly derived: boolean;
  readonly cleanup: 'delete' | 'compact' | 'compact,delete';
  /** Milliseconds a record is kept, measured on its timestamp (receive time); -1 = for ever. */
  readonly retentionMs: number;
  /** Milliseconds until a segment is closed; compaction and retention touch closed segments only. */
  readonly segmentMs: number;
};

/**
 * The one place a topic is named. The topics of a generation have as many partitions as the log it reads, and a
 * record's partition follows from its device's key, so no stage moves a record to another partition.
 */
export const TOPICS = {
  'events.collected': {
    doc: 'Every accepted input, in the order it was accepted: the truth. Written by the collector, read by the identity-merger.',
    key: 'record key',
    schema: 'Collected',
    derived: false,
    cleanup: 'delete',
    retentionMs: -1,
    segmentMs: 7 * DAY_MS,
  },
  'events.identified': {
    doc: 'Events with the canonical user id, duplicates removed, and ticks. Written by the identity-merger, read by the sessionizer. Kept longer than the duplicates window, which is read back from it.',
    key: 'record key',
    schema: 'Collected',
    derived: true,
    cleanup: 'delete',
    retentionMs: 7 * DAY_MS,
    segmentMs: DAY_MS,
  },
  'identity.migrations': {
    doc: 'First binding of each anonymous id. Output and state of the identity-merger, read by the loader.',
    key: 'record key',
    schema: 'Migration',
    derived: true,
    cleanup: 'compact',
    retentionMs: -1,
    segmentMs: DAY_MS,
  },
  'identity.audit': {
    doc: 'Identifies that changed nothing, with the reason. Written by the identity-merger.',
    key: 'record key',
    schema: 'Audit',
    derived: true,
    cleanup: 'delete',
    retentionMs: -1,
    segmentMs: 7 * DAY_MS,
  },
  'profile.changes': {
    doc: 'User and account properties that were set. Written by the identity-merger, read by the loader.',
    key: 'record key',
    schema: 'Collected',
    derived: true,
    cleanup: 'delete',
    retentionMs: 7 * DAY_MS,
    segmentMs: DAY_MS,
  },
  'events.sessionized': {
    doc: 'Events with user and session id. Written by the sessionizer, read by the loader.',
    key: 'record key',
    schema: 'Collected',
    derived: true,
    cleanup: 'delete',
    retentionMs: 7 * DAY_MS,
    segmentMs: DAY_MS,
  },
  sessions: {
    doc: 'The whole row of a part of a session at each change (a session that goes on after it could no longer change has several). Output and state of the sessionizer, read by the loader. Kept longer than the lateness bound (6 days on mobile); a tombstone means erasure.',
    key: 'session key',
    schema: 'Session',
    derived: true,
    cleanup: 'compact,delete',
    retentionMs: 8 * DAY_MS,
    segmentMs: DAY_MS / 4,
  },
  'events.rejected': {
    doc: 'Dead letters of every stage, with origin and reason, what a tracking plan refuses at the collector, and a record with the code `retried` for each that was put back. Kept for ever: the accounts need it.',
    key: 'record key',
    schema: 'Rejected',
    derived: false,
    cleanup: 'delete',
    retentionMs: -1,
    segmentMs: 7 * DAY_MS,
  },
  'identity.blocks': {
    doc: 'Identities that bind nothing from a generation on. Written by `cairn unmerge`, read whole by every task of the identity-merger.',
    key: 'block key',
    schema: 'Block',
    derived: false,
    cleanup: 'compact',
    retentionMs: -1,
    segmentMs: DAY_MS,
  },
  generations: {
    doc: 'What is known of each generation. Written by `cairn replay` and `cairn generations`, read by every stage when it starts.',
    key: 'generation key',
    schema: 'Generation',
    derived: false,
    cleanup: 'compact',
    retentionMs: -1,
    segmentMs: DAY_MS,
  },
} as const satisfies Record<string, Topic>;

/**
 * Largest record batch a topic takes (its `max.message.bytes`). kafkajs makes one batch of all records that go
 * to a partition in one request, so writers keep their requests well below this.
 */
export const MAX_BATCH_BYTES: number = 8 * 1024 * 1024;

export type TopicName = keyof typeof TOPICS;

export const TOPIC_NAMES: readonly TopicName[] = Object.keys(TOPICS) as TopicName[];

/** Topics that stages write or read back: all but the log. */
export type StageTopic = Exclude<TopicName, 'events.collected'>;

/** The revision of the log that a fresh installation starts with. */
export const FIRST_REVISION = 1;

/** Name of a revision of the log in Kafka. Each has its own number of partitions; collectors write to one. */
export function logInKafka(revision: number): string {
  const name: TopicName = 'events.collected';
  return revision === FIRST_REVISION ? name : `${name}.r${revision}`;
}

/** Name of a topic in Kafka: derived topics carry their generation, and the log its revision. */
export function topicInKafka(name: StageTopic, generation: number): string;
export function topicInKafka(name: TopicName, generation: number, logRevision: number): string;
export function topicInKafka(name: TopicName, generation: number, logRevision = FIRST_REVISION): string {
  if (name === 'events.collected') return logInKafka(logRevision);
  return TOPICS[name].derived ? `${name}.g${generation}` : name;
}

/** Names of the topics that all generations share. */
export const SHARED_TOPICS: readonly TopicName[] = TOPIC_NAMES.filter((name) => !TOPICS[name].derived);

/** Names of the topics of which each generation has its own. */
export const DERIVED_TOPICS: readonly StageTopic[] = TOPIC_NAMES.filter(
  (name): name is StageTopic => TOPICS[name].derived,
);

/** Headers of derived records: where in the log the record came from, as decimal text. */
export const ORIGIN_HEADERS = {
  topic: 'origin_topic',
  partition: 'origin_partition',
  offset: 'origin_offset',
} as const;
