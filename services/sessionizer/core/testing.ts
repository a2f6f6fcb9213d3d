/** What the tests of the sessionizer's core share. */

import assert from 'node:assert/strict';
import type { InputRecord, Output } from '#lib/streams/processor.ts';
import { collectedCodec, sessionCodec } from '#schemas/codec.ts';
import { recordKey } from '#schemas/ids.ts';
import type { Collected, Session } from '#schemas/types.ts';
import { createSessionizer, type SessionizerState } from './processor.ts';

export const MINUTE_MS = 60_000;
export const DAY_MS = 24 * 60 * MINUTE_MS;
export const NOW = Date.UTC(2026, 0, 10);
export const sessionizer = createSessionizer();

let nextEventId = 1;

export function aRecord(fields: Partial<Collected>): InputRecord {
  const collected: Partial<Collected> = {
    kind: 'event',
    environment: 1,
    user_id: 5,
    device_id: 5,
    event_id: nextEventId,
    source: 'web',
    type: 'click',
    time: NOW,
    received_at: NOW,
    ...fields,
  };
  nextEventId += 1;
  return {
    key: recordKey(1, collected.device_id as number),
    value: collectedCodec.encode(collected),
    timestampMs: collected.received_at as number,
    origin: { topic: 'events.collected', partition: 0, offset: 0n },
  };
}

/** Runs records as one transaction. */
export function run(
  state: SessionizerState,
  records: readonly InputRecord[],
  streamTimeMs = NOW,
): readonly Output[] {
  const outputs = records.flatMap((record) => sessionizer.step(state, record, streamTimeMs).outputs);
  return [...outputs, ...sessionizer.flush(state)];
}

export function sessionOf(outputs: readonly Output[]): number {
  return collectedCodec.decode(outputs[0]?.value as Buffer).session_id;
}

/** Final rows by session id: what compaction keeps. */
export function finalSessions(outputs: readonly Output[]): Map<number, Session> {
  const rows = outputs
    .filter(({ topic }) => topic === 'sessions')
    .map(({ value }) => sessionCodec.decode(value));
  return new Map(rows.map((row) => [row.session_id, row]));
}

/** Event ids by session, as a reader sees them: absorbed sessions resolved in one step. */
export function resolvedSessions(outputs: readonly Output[]): number[][] {
  const sessions = finalSessions(outputs);
  const events = new Map<number, number[]>();
  for (const { topic, value } of outputs) {
    if (topic !== 'events.sessionized') continue;
    const { session_id, event_id } = collectedCodec.decode(value);
    const resolved = sessions.get(session_id)?.merged_into || session_id;
    assert.equal(sessions.get(resolved)?.merged_into, 0, 'a reader follows one step');
    events.set(
      resolved,
      [...(events.get(resolved) ?? []), event_id].toSorted((a, b) => a - b),
    );
  }
  return [...events.values()].toSorted((a, b) => (a[0] as number) - (b[0] as number));
}

export function restored(outputs: readonly Output[]): SessionizerState {
  const state = sessionizer.createState();
  for (const { topic, key, value, timestampMs } of outputs)
    if (topic === 'sessions') sessionizer.restores[0]?.fold(state, { key, value, timestampMs });
  return state;
}

/** State as a snapshot brings it back. */
export function copied(state: SessionizerState): SessionizerState {
  const { encode, decode } = sessionizer.snapshot as NonNullable<typeof sessionizer.snapshot>;
  return decode(Buffer.concat(encode(state)));
}
