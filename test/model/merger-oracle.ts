/**
 * Who did what, said again from the specification alone: for each record of a partition's log the whole log before
 * it is looked through. Sources: docs/SEMANTICS.md (I-1 to I-8, E-1, E-2), the README of the identity-merger.
 */

import { canonicalUserId } from '#schemas/ids.ts';
import type { Audit, Collected, Migration } from '#schemas/types.ts';
import { DAY_MS, type Told } from './histories.ts';

/** What one record becomes. */
export type Merged = {
  readonly told: Told;
  readonly outcome: string;
  /** The record with its user, where it goes on. */
  readonly forwarded?: {
    readonly topic: 'events.identified' | 'profile.changes';
    readonly record: Collected;
  };
  readonly migration?: Migration;
  /** `reasons`: those that apply; which of several is named is not specified. */
  readonly audit?: { readonly entry: Audit; readonly reasons: readonly string[] };
};

export type MergerRules = {
  readonly partition: number;
  readonly blocked?: (environment: number, identity: string) => boolean;
  /** Idempotency keys the partition remembers at most. */
  readonly capacity?: number;
};

export function mergedOf(log: readonly Told[], rules: MergerRules): Merged[] {
  const merged: Merged[] = [];
  for (const told of log) merged.push(judge(told, merged, rules));
  return merged;
}

/** Largest receive time of what could be read, up to and with this record. */
function streamTimeAt(told: Told, before: readonly Merged[]): number {
  const read = [...before.map((own) => own.told), told].filter(({ isJunk }) => !isJunk);
  return Math.max(0, ...read.map(({ record }) => record.received_at));
}

function judge(told: Told, before: readonly Merged[], rules: MergerRules): Merged {
  const { record } = told;
  if (told.isJunk) return { told, outcome: 'unknown.rejected' };
  const bound = before.find(({ migration }) => migration !== undefined && isOf(migration, record))?.migration;
  const withUser = { ...record, user_id: bound?.to_user_id ?? record.user_id };
  switch (record.kind) {
    case 'event':
      if (isDuplicate(told, before, rules)) return { told, outcome: 'event.duplicate' };
      return {
        told,
        outcome: 'event.forwarded',
        forwarded: { topic: 'events.identified', record: withUser },
      };
    case 'tick':
      return { told, outcome: 'tick.forwarded', forwarded: { topic: 'events.identified', record } };
    case 'user_properties':
    case 'account_properties':
      return {
        told,
        outcome: `${record.kind}.forwarded`,
        forwarded: { topic: 'profile.changes', record: withUser },
      };
    case 'identify':
      return identify(told, bound, rules);
    default:
      return { told, outcome: 'erasure.ignored' };
  }
}

const isOf = (migration: Migration, { environment, device_id }: Collected) =>
  migration.environment === environment && migration.from_user_id === device_id;

function identify(told: Told, bound: Migration | undefined, { partition, blocked }: MergerRules): Merged {
  const { environment, device_id, identity, received_at, time, source, event_id } = told.record;
  const user = canonicalUserId(environment, identity);
  // An id that is the identity's own is that user already. (Which other ids are canonical the loader judges.)
  if (bound?.to_user_id === user || device_id === user) return { told, outcome: 'identify.repeated' };
  const from = { environment, identity, source, event_id, partition, offset: told.offset };
  const reasons = [
    ...(bound === undefined ? [] : ['bound_to_another_identity']),
    ...(blocked?.(environment, identity) ? ['blocked_identity'] : []),
  ];
  if (reasons.length === 0) {
    const migration = { ...from, from_user_id: device_id, to_user_id: user, bound_at: received_at, time };
    return { told, outcome: 'identify.bound', migration };
  }
  const entry = {
    ...from,
    user_id: device_id,
    bound_user_id: bound?.to_user_id ?? 0,
    received_at,
    reason: '',
  };
  return { told, outcome: 'identify.ignored', audit: { entry, reasons } };
}

/**
 * A client's key counts once a device within 24 hours of receive time by stream time, and among as many keys as are
 * remembered: what was let through last of all is remembered longest.
 */
function isDuplicate(told: Told, before: readonly Merged[], { capacity = Infinity }: MergerRules): boolean {
  const { record } = told;
  if (record.idempotency.length === 0) return false;
  const now = streamTimeAt(told, before);
  const letThrough = before
    .filter(({ outcome }) => outcome === 'event.forwarded')
    .map((own) => own.told.record)
    .filter(({ idempotency, received_at }) => idempotency.length > 0 && received_at >= now - DAY_MS);
  return letThrough
    .slice(Math.max(0, letThrough.length - capacity))
    .some(
      (other) =>
        other.environment === record.environment &&
        other.device_id === record.device_id &&
        other.idempotency.equals(record.idempotency),
    );
}
