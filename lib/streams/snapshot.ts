import { createHash } from 'node:crypto';

/**
 * A copy of a partition's state, so that restoring folds only what was published since. It is a short cut and
 * never the truth: whatever speaks against it, it is thrown away and everything is folded.
 *
 * Bytes: SHA-256 of the rest (32), length of the header (4, big-endian), header (JSON), state.
 */
export type Snapshot = {
  readonly header: SnapshotHeader;
  readonly state: Buffer;
};

export type SnapshotHeader = {
  /** Format of the state's bytes, as the processor numbers it. */
  readonly format: string;
  readonly clusterId: string;
  readonly groupId: string;
  readonly topic: string;
  readonly partition: number;
  /** Offset of the next input record at the time of the copy. */
  readonly position: string;
  /** End of each restored topic at that time: what lies before it is in the state. */
  readonly ends: Readonly<Record<string, string>>;
  /** Where a part of the state lay outside of memory and is not in the copy: the offset up to which. */
  readonly offloaded?: string | undefined;
};

const DIGEST_BYTES = 32;

/** Bytes of a snapshot in pieces, those of the state as they are: a copy would be as large as the state. */
export function encodeSnapshot(header: SnapshotHeader, state: readonly Uint8Array[]): readonly Uint8Array[] {
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(text.length);
  const parts = [length, text, ...state];
  const digest = createHash('sha256');
  for (const part of parts) digest.update(part);
  return [digest.digest(), ...parts];
}

/** Snapshot of its bytes. Throws Error where they are not whole. */
export function decodeSnapshot(bytes: Buffer): Snapshot {
  const rest = bytes.subarray(DIGEST_BYTES);
  const digest = createHash('sha256').update(rest).digest();
  if (rest.length < 4 || !digest.equals(bytes.subarray(0, DIGEST_BYTES)))
    throw new Error('its checksum does not fit');
  const headerEnd = 4 + rest.readUInt32BE(0);
  return { header: JSON.parse(rest.subarray(4, headerEnd).toString()), state: rest.subarray(headerEnd) };
}

export type SnapshotSituation = Omit<SnapshotHeader, 'ends' | 'position' | 'offloaded'> & {
  /** Committed offset of the partition. */
  readonly position: bigint;
  /** First offset and end of each restored topic. */
  readonly bounds: Readonly<Record<string, { readonly start: bigint; readonly end: bigint }>>;
  /** Up to which offset the part outside of memory is known now. */
  readonly offloaded?: bigint | undefined;
};

/** Why a snapshot cannot be used in a situation; empty where it can. */
export function whyUnusable(
  { ends, position, offloaded, ...same }: SnapshotHeader,
  situation: SnapshotSituation,
): string {
  for (const field of ['format', 'clusterId', 'groupId', 'topic', 'partition'] as const) {
    if (same[field] !== situation[field]) return `${field} was ${same[field]} and is ${situation[field]}`;
  }
  if (BigInt(position) > situation.position)
    return `it is of offset ${position}, the committed one is ${situation.position}`;
  if (offloaded !== undefined && BigInt(offloaded) > (situation.offloaded ?? -1n))
    return `what lies outside of it went up to ${offloaded} then and goes up to ${situation.offloaded} now`;
  for (const [topic, { start, end }] of Object.entries(situation.bounds)) {
    const known = ends[topic];
    if (known === undefined) return `it knows nothing of ${topic}`;
    if (BigInt(known) < start || BigInt(known) > end)
      return `${topic} ended at ${known} then and is ${start}..${end} now`;
  }
  return '';
}
