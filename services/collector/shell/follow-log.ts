import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from '#lib/service/logger.ts';
import type { Batch, Submission } from './batch-queue.ts';
import type { LogPlace, LogPlaces } from './log-places.ts';
import type { LogRecord } from './record-encoder.ts';

const LOOK_EVERY_MS = 100;

/**
 * The place to write to after a broker has refused a batch for its size: the next revision of the log, once it is open;
 * the same one where nothing moves it, so that the batch is too large indeed or a move was given up.
 */
export async function findLog(
  places: LogPlaces,
  refusedBy: LogPlace,
  log: Logger,
  onMoving: () => void,
): Promise<LogPlace> {
  for (let said = false; ; ) {
    const { place, isMoving } = await insist(() => places.current(), log);
    if (place.revision !== refusedBy.revision || !isMoving) return place;
    if (!said) {
      log.info({ topic: refusedBy.topic }, 'the log is moving, holding what comes in');
      onMoving();
    }
    said = true;
    await pause(LOOK_EVERY_MS);
  }
}

/** A record of a batch, with the submission it belongs to. */
export type Entry = { readonly record: LogRecord; readonly submission: Submission };

/** The records of a batch, each with its submission. */
export function entriesOf({ messages, parts }: Batch): Entry[] {
  let at = 0;
  return parts.flatMap(({ submission, count }) => {
    const own = messages.slice(at, at + count);
    at += count;
    return own.map((record) => ({ record, submission }));
  });
}

/**
 * What of a batch that was refused is still to be sent. A broker takes or refuses the part of each partition on its own,
 * and the answer tells only that one was refused: what is in the log already must not be sent again. The log must be
 * sealed, so that nothing that is under way can come into it any more.
 */
export async function entriesLeft(
  entries: readonly Entry[],
  places: LogPlaces,
  refusedBy: LogPlace,
  log: Logger,
): Promise<Entry[]> {
  const written = new Set<number>();
  for (const [partition, own] of Map.groupBy(entries, ({ record }) => record.partition)) {
    const records = own.map(({ record }) => record);
    const isThere = await insist(() => places.contains(refusedBy.topic, partition, records), log);
    if (isThere) written.add(partition);
  }
  // The client of a submission that is settled was told to send it again.
  return entries.filter(({ record, submission }) => !submission.settled && !written.has(record.partition));
}

async function insist<T>(ask: () => Promise<T>, log: Logger): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      log.warn({ err: error }, 'cannot read where the log is; trying again');
      await pause(LOOK_EVERY_MS);
    }
  }
}
