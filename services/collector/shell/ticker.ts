import type { Collected } from '#schemas/types.ts';
import type { Publisher } from './publisher.ts';
import { type LogRecord, tickRecord } from './record-encoder.ts';

export type TickerOptions = {
  readonly publisher: Publisher;
  /** When a record of each partition was last acknowledged, in epoch ms. */
  readonly lastAckAtMs: () => readonly number[];
  readonly encode: (input: Collected) => LogRecord;
  readonly newTick: (nowMs: number) => Collected;
  /** Silence after which a partition gets a tick. */
  readonly tickAfterMs: number;
  readonly counted: (ticks: number) => void;
};

/** Writes a tick to every partition that has been silent for a while, so that its stream time advances. */
export function startTicker(options: TickerOptions): { stop(): Promise<void> } {
  const { publisher, lastAckAtMs, encode, newTick, tickAfterMs, counted } = options;
  let writing: Promise<void> | undefined;

  async function write(nowMs: number): Promise<void> {
    const records: LogRecord[] = [];
    lastAckAtMs().forEach((ackAtMs, partition) => {
      if (nowMs - ackAtMs >= tickAfterMs) records.push(tickRecord(encode, newTick(nowMs), partition));
    });
    if (records.length === 0) return;
    // A tick that cannot be written now is not missed: the next look writes a later one.
    await publisher.publish(records).then(
      () => counted(records.length),
      () => undefined,
    );
  }

  const timer = setInterval(
    () => {
      writing ??= write(Date.now()).finally(() => {
        writing = undefined;
      });
    },
    Math.min(1000, tickAfterMs),
  );

  return {
    async stop() {
      clearInterval(timer);
      await writing;
    },
  };
}
