import type { Consumer, ConsumerRunConfig } from 'kafkajs';
import type { Logger } from '#lib/service/logger.ts';
import { isPassing } from './passing-error.ts';

const RESTART_AFTER_MS = 1000;

export type RunningConsumer = {
  /** Leaves the group and disconnects. */
  stop(): Promise<void>;
};

/**
 * Runs a connected and subscribed consumer, and again whenever kafkajs gives it up for an error that passes. It
 * takes some for final that are not: "Failed to find group coordinator" is what a broker that restarts looks
 * like. `fail` is called with an error that does not pass; nothing runs then.
 */
export async function runConsumer(
  consumer: Consumer,
  config: ConsumerRunConfig,
  options: { readonly log: Logger; readonly fail: (error: unknown) => void },
): Promise<RunningConsumer> {
  const { log, fail } = options;
  let restart: NodeJS.Timeout | undefined;
  let isStopping = false;
  consumer.on(consumer.events.CRASH, ({ payload }) => {
    const { error } = payload;
    if (payload.restart || isStopping) return;
    if (!isPassing(error)) {
      fail(error);
      return;
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
