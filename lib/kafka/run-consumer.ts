import type { Consumer, ConsumerRunConfig } from 'kafkajs';
import { ConfigError } from '#lib/errors.ts';
import type { Logger } from '#lib/service/logger.ts';
import { isPassing } from './passing-error.ts';

const RESTART_AFTER_MS = 1000;
/** A new leader may not know yet how far its log goes, so a position that is not in it is asked for a few times. */
const MISSES = 3;
const MISSES_WITHIN_MS = 60_000;

export type RunningConsumer = {
  /** Leaves the group and disconnects. */
  stop(): Promise<void>;
};

/**
 * Runs a connected and subscribed consumer, and again whenever kafkajs gives it up for an error that passes. It
 * takes some for final that are not: "Failed to find group coordinator" is what a broker that restarts looks
 * like. `fail` is called with an error that does not pass; nothing runs then: a ConfigError where the position of the
 * group is no longer in the log.
 */
export async function runConsumer(
  consumer: Consumer,
  config: ConsumerRunConfig,
  options: { readonly log: Logger; readonly fail: (error: unknown) => void },
): Promise<RunningConsumer> {
  const { log, fail } = options;
  let restart: NodeJS.Timeout | undefined;
  let isStopping = false;
  let missedAtMs: number[] = [];
  consumer.on(consumer.events.CRASH, ({ payload }) => {
    const { error } = payload;
    if (payload.restart || isStopping) return;
    if (!isPassing(error)) {
      fail(error);
      return;
    }
    const place = placeOutOfRange(error);
    if (place !== undefined) {
      missedAtMs = [...missedAtMs.filter((atMs) => atMs > Date.now() - MISSES_WITHIN_MS), Date.now()];
      if (missedAtMs.length >= MISSES) {
        fail(new ConfigError([describeMiss(place)]));
        return;
      }
    }
    log.warn(
      { reason: error.message, retryInMs: RESTART_AFTER_MS },
      'the consumer stopped, starting it again',
    );
    restart = setTimeout(() => consumer.run(config).catch(fail), RESTART_AFTER_MS);
  });
  await consumer.run(config);
  return {
    async stop() {
      isStopping = true;
      clearTimeout(restart);
      await consumer.disconnect();
    },
  };
}

/** The partition whose log does not have the position that was asked for. */
function placeOutOfRange(error: Error): string | undefined {
  const { name, cause, topic, partition } = error as Error & { topic?: string; partition?: number };
  if (name === 'KafkaJSOffsetOutOfRange') return `${topic}-${partition}`;
  return cause instanceof Error && cause !== error ? placeOutOfRange(cause) : undefined;
}

function describeMiss(place: string): string {
  return (
    `Cannot go on with ${place}: the committed position is not in the topic any more, so records were deleted before ` +
    'they were read, or the topic was deleted and made anew, or this is another cluster. Put it back, or build a new ' +
    'generation by replay'
  );
}
