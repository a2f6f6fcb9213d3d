import { setTimeout as pause } from 'node:timers/promises';
import { logInKafka } from '#schemas/topics.ts';
import type { Generation } from '#schemas/types.ts';
import type { Workplace } from '../generations/open-workplace.ts';
import { type CopyProgress, LogCopy } from './log-copy.ts';
import { endsOfSealed, LogTicks, sealLog, settle } from './seal-log.ts';

const LOOK_EVERY_MS = 1000;
/** What is left then is copied within a moment. */
const CAUGHT_UP_RECORDS = 1000;
const CAUGHT_UP_MS = 1000;

export type MoveProgress = CopyProgress & {
  readonly recordsPerSecond: number;
  /** Time until it has caught up; undefined where it cannot be told. */
  readonly remainingMs: number | undefined;
};

/**
 * The move of the log to the revision that a new generation reads: it is copied while collectors go on with the old
 * one, and handed over to them when all of it is there.
 */
export class LogMove {
  readonly #place: Workplace;
  readonly #oldLog: string;
  readonly #ticks: LogTicks;
  readonly #copy: LogCopy;
  /** Rejects when the log cannot be copied any further. */
  readonly failed: Promise<never>;

  constructor(place: Workplace, from: number, { log_revision, log_partitions }: Generation) {
    this.#place = place;
    this.#oldLog = logInKafka(from);
    const { brokers } = place.stack;
    this.#ticks = new LogTicks(brokers);
    this.#copy = new LogCopy({
      access: place.kafka,
      brokers,
      from,
      to: log_revision,
      partitions: log_partitions,
      writeTicks: (partitions) => this.#ticks.write(this.#oldLog, partitions),
    });
    this.failed = this.#copy.failed;
    this.#copy.start();
  }

  /** Resolves when the copy is no more than a moment behind. */
  async follow(onProgress: (progress: MoveProgress) => void): Promise<void> {
    let before = { ...this.#copy.progress, atMs: performance.now() };
    for (;;) {
      await pause(LOOK_EVERY_MS);
      const { progress } = this.#copy;
      const now = { ...progress, atMs: performance.now() };
      // The first look after positions are known tells nothing of the speed.
      const perMs = before.read === 0 ? 0 : (now.read - before.read) / (now.atMs - before.atMs);
      const grownPerMs = before.of === 0 ? 0 : (now.of - before.of) / (now.atMs - before.atMs);
      before = now;
      const left = progress.of - progress.read;
      onProgress({
        ...progress,
        recordsPerSecond: Math.round(perMs * 1000),
        remainingMs: left === 0 ? 0 : perMs > 0 ? Math.round(left / perMs) : undefined,
      });
      if (progress.of > 0 && left <= Math.max(CAUGHT_UP_RECORDS, CAUGHT_UP_MS * grownPerMs)) return;
    }
  }

  /** Has stream time advance to now in all of the old log: what was received before is in order by then. */
  async advance(): Promise<void> {
    await this.#ticks.write(this.#oldLog, await this.#place.kafka.reader.partitions(this.#oldLog));
  }

  /** Resolves when everything before the given offsets of the old log is copied. */
  reach(ends: readonly bigint[]): Promise<void> {
    return this.#copy.reach(ends);
  }

  /**
   * Hands the log over: seals the old revision, copies what is left, and writes down that the new one is open, which is
   * what collectors wait for meanwhile. Answers what is written down then, and how long nobody could write. May be
   * repeated after an interruption. Throws CommandError where the generation was dropped meanwhile.
   */
  async complete(building: Generation): Promise<{ opened: Generation; closedMs: number }> {
    const { kafka, log } = this.#place;
    let noted = building;
    if (noted.log_sealed_at === 0) {
      await this.advance();
      await this.reach(await endsOfSealed(kafka, this.#oldLog));
      noted = await log.amend({ ...noted, log_sealed_at: Date.now() });
    }
    const sinceMs = performance.now();
    let ends = await sealLog(kafka, this.#ticks, this.#oldLog);
    for (;;) {
      await Promise.all([this.#copy.finish(ends), settle()]);
      const again = await endsOfSealed(kafka, this.#oldLog);
      if (again.every((end, partition) => end <= (ends[partition] ?? 0n))) break;
      ends = again;
    }
    const opened = await log.amend({ ...noted, log_opened_at: Date.now() });
    const closedMs = Math.round(performance.now() - sinceMs);
    return { opened, closedMs };
  }

  async close(): Promise<void> {
    await this.#copy.stop();
    await this.#ticks.close();
  }
}
