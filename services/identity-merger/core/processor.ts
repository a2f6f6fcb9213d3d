import type { InputRecord, Processor, Step } from '#lib/streams/processor.ts';
import { auditCodec, blockCodec, migrationCodec } from '#schemas/codec.ts';
import { readSoundHead } from '#schemas/collected-checks.ts';
import { type CollectedHead, readHead, withPrefix } from '#schemas/collected-head.ts';
import { DecodeError } from '#schemas/framing.ts';
import { canonicalUserId, parseRecordKey } from '#schemas/ids.ts';
import type { StageTopic } from '#schemas/topics.ts';
import { Bindings } from './bindings.ts';
import { BlockList } from './block-list.ts';
import { DuplicatesWindow } from './duplicates-window.ts';
import { decodeMergerState, encodeMergerState, MERGER_SNAPSHOT_FORMAT } from './merger-snapshot.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
/** How long an idempotency key is remembered, by receive time, where nothing else is said. */
export const DUPLICATES_WINDOW_MS = DAY_MS;
/** How many idempotency keys a service has in memory, over all partitions, where nothing else is said. */
export const DUPLICATES_CAPACITY = 10_000_000;

export type MergerState = {
  readonly bindings: Bindings;
  readonly duplicates: DuplicatesWindow;
  readonly blocks: BlockList;
};

export type MergerOptions = {
  readonly partitions: number;
  readonly generation: number;
  /** How long an idempotency key is remembered, by receive time. */
  readonly windowMs?: number;
  /** Idempotency keys in memory, over all partitions. */
  readonly maxIds?: number;
  /** Whether keys beyond that wait to be stored elsewhere, rather than the oldest being forgotten. */
  readonly overflows?: boolean;
};

/** Idempotency keys of one partition in memory. */
export function capacityOf(maxIds: number, partitions: number): number {
  return Math.max(1, Math.floor(maxIds / partitions));
}

/**
 * The identity-merger: gives each record the user its device is bound to, makes bindings, and lets each
 * idempotency key through once (first write wins).
 *
 * All records of a device lie in one partition in order, so partition-local state is enough. What an
 * identity's set of bindings means as a whole (the limit of ten in 30 days, an id that is itself canonical)
 * is decided where the bindings come together, in the loader; here every first binding is published. An identity
 * that is blocked in this generation, to undo a wrong merge, binds nothing.
 */
export function createMerger(options: MergerOptions): Processor<MergerState> {
  const { partitions, generation, windowMs = DUPLICATES_WINDOW_MS, overflows = false } = options;
  const capacity = capacityOf(options.maxIds ?? DUPLICATES_CAPACITY, partitions);
  const emptyWindow = () => new DuplicatesWindow({ windowMs, capacity, overflows });
  return {
    stage: 'identity-merger',
    input: 'events.collected',
    outputs: ['events.identified', 'identity.migrations', 'identity.audit', 'profile.changes'],
    restores: [
      { topic: 'identity.migrations', fold: foldMigration },
      { topic: 'events.identified', windowMs, fold: foldIdentified },
    ],
    broadcasts: [{ topic: 'identity.blocks', fold: foldBlock }],
    createState: () => ({
      bindings: new Bindings(),
      duplicates: emptyWindow(),
      blocks: new BlockList(generation),
    }),
    snapshot: {
      // With other bounds the same history leaves other ids in memory.
      format: `${MERGER_SNAPSHOT_FORMAT}/${windowMs}/${capacity}/${overflows}`,
      encode: encodeMergerState,
      decode: (bytes) => decodeMergerState(bytes, emptyWindow(), new BlockList(generation)),
    },
    step,
    flush: () => [],
    facts: ({ duplicates }) => duplicates.facts(),
  };
}

function foldMigration(
  { bindings }: MergerState,
  { key, value }: { key: Buffer; value: Buffer | null },
): void {
  if (value === null) {
    const { environment, id } = parseRecordKey(key);
    bindings.unbind(environment, id);
    return;
  }
  const { environment, from_user_id, to_user_id } = migrationCodec.decode(value);
  bindings.bind(environment, from_user_id, to_user_id);
}

function foldBlock({ blocks }: MergerState, { value }: { value: Buffer | null }): void {
  if (value !== null) blocks.set(blockCodec.decode(value));
}

function foldIdentified(
  { duplicates }: MergerState,
  { key, value, timestampMs }: { key: Buffer; value: Buffer | null; timestampMs: number },
): void {
  const { idempotency } = readHead(value);
  if (idempotency.length > 0) duplicates.letThrough(key, idempotency, timestampMs);
}

function step(state: MergerState, record: InputRecord, streamTimeMs: number): Step {
  const head = readSoundHead(record.key, record.value);
  switch (head.kind) {
    case 'event': {
      const { idempotency } = head;
      if (
        idempotency.length > 0 &&
        state.duplicates.isDuplicate(record.key, idempotency, record.timestampMs, streamTimeMs)
      ) {
        return { outputs: [], outcome: 'event.duplicate' };
      }
      return forward(state, record, head, 'events.identified');
    }
    case 'tick':
      return forward(state, record, head, 'events.identified');
    case 'user_properties':
    case 'account_properties':
      return forward(state, record, head, 'profile.changes');
    case 'identify':
      return identify(state, record, head);
    case 'erasure':
      return { outputs: [], outcome: 'erasure.ignored' };
    default:
      throw new DecodeError(
        'unknown_kind',
        `Cannot process a record: its kind is ${JSON.stringify(head.kind)}`,
      );
  }
}

function forward(
  { bindings }: MergerState,
  record: InputRecord,
  head: CollectedHead,
  topic: StageTopic,
): Step {
  const userId = bindings.userOf(head.environment, head.deviceId) ?? head.userId;
  const value =
    userId === head.userId
      ? (record.value as Buffer)
      : withPrefix(record.value as Buffer, head, { userId, sessionId: head.sessionId, late: head.late });
  return {
    outputs: [{ topic, key: record.key, value, timestampMs: record.timestampMs }],
    outcome: `${head.kind}.forwarded`,
  };
}

function identify({ bindings, blocks }: MergerState, record: InputRecord, head: CollectedHead): Step {
  const { environment, deviceId, identity, source, eventId, time, receivedAt } = head;
  if (identity === '')
    throw new DecodeError('empty_identity', 'Cannot bind a device: the identify names no identity');
  const { partition } = record.origin;
  const offset = Number(record.origin.offset);
  const userId = canonicalUserId(environment, identity);
  const boundTo = bindings.userOf(environment, deviceId);
  if (boundTo === userId || deviceId === userId) return { outputs: [], outcome: 'identify.repeated' };
  const isBlocked = blocks.has(environment, userId);
  if (isBlocked || boundTo !== undefined) {
    const audit = auditCodec.encode({
      environment,
      user_id: deviceId,
      identity,
      bound_user_id: boundTo ?? 0,
      reason: isBlocked ? 'blocked_identity' : 'bound_to_another_identity',
      received_at: receivedAt,
      source,
      event_id: eventId,
      partition,
      offset,
    });
    return {
      outputs: [{ topic: 'identity.audit', key: record.key, value: audit, timestampMs: record.timestampMs }],
      outcome: 'identify.ignored',
    };
  }
  bindings.bind(environment, deviceId, userId);
  const migration = migrationCodec.encode({
    environment,
    from_user_id: deviceId,
    to_user_id: userId,
    identity,
    bound_at: receivedAt,
    time,
    source,
    event_id: eventId,
    partition,
    offset,
  });
  return {
    outputs: [
      { topic: 'identity.migrations', key: record.key, value: migration, timestampMs: record.timestampMs },
    ],
    outcome: 'identify.bound',
  };
}
