import { InvariantError } from '#lib/errors.ts';

/**
 * What a stage knows of a partition besides its offset. It travels in the offset commit's metadata and is
 * therefore exact: it changes in the same transaction as the outputs it counts.
 */
export type CommitMetadata = {
  /** Largest receive time seen in the partition, epoch ms; 0 before the first record. */
  readonly streamTime: number;
  /** Records by `<kind>.<outcome>` since the partition's first offset. */
  readonly counts: Readonly<Record<string, number>>;
  /** Figures about the stage's state, for people. */
  readonly facts?: Readonly<Record<string, number>>;
};

export const EMPTY_METADATA: CommitMetadata = { streamTime: 0, counts: {} };

export function encodeMetadata(metadata: CommitMetadata): string {
  return JSON.stringify(metadata);
}

/** Reads an offset commit's metadata. Throws InvariantError where it is not one of ours. */
export function decodeMetadata(text: string | null | undefined): CommitMetadata {
  if (text === null || text === undefined || text === '') return EMPTY_METADATA;
  try {
    const { streamTime, counts, facts } = JSON.parse(text);
    if (!Number.isSafeInteger(streamTime)) throw new TypeError(`streamTime is ${streamTime}`);
    if (typeof counts !== 'object' || counts === null) throw new TypeError(`counts is ${counts}`);
    return { streamTime, counts, ...(facts === undefined ? {} : { facts }) };
  } catch (cause) {
    throw new InvariantError(
      `Cannot read the metadata of a committed offset: ${(cause as Error).message}, current value is ${text}`,
      { cause },
    );
  }
}
