import { setTimeout as pause } from 'node:timers/promises';
import type { Commit } from '../progress-of-stages.ts';
import type { LogMove } from '../repartition/log-move.ts';
import { waitUntilLoaded } from '../verify/wait-until-loaded.ts';
import { type Comparison, compareGenerations } from './compare-generations.ts';
import { isInForce } from './generation-log.ts';
import type { Workplace } from './open-workplace.ts';

const RETRY_AFTER_MS = 500;
const SAID_AFTER_TRIES = 3;
/**
 * Where the cut is a time: a record may be on its way to the log for a moment after it was received. How long that is
 * depends on the load, so each comparison allows for more than the one before.
 */
const UNDER_WAY_MS = 2000;
const MOST_UNDER_WAY_MS = 30_000;
/** A comparison that has begun may wait this long for what is under way. */
const MIN_WAIT_MS = 10_000;

/**
 * Compares a new generation with the live one up to the end of the log as it is now, again and again until they
 * are equal or the time is up: beside live traffic a binding or a session may show in one a moment before the
 * other. Throws CommandError where one of the two does not load what is there.
 */
export async function verifyGeneration(
  { kafka, clickhouse, log }: Workplace,
  options: {
    live: number;
    next: number;
    /** The copy of the log that the new one reads; undefined where both read the same revision. */
    move: LogMove | undefined;
    timeoutMs: number;
    progress: (text: string) => void;
  },
): Promise<Comparison> {
  const { live, next, move, timeoutMs, progress } = options;
  const deadline = performance.now() + timeoutMs;
  const blocked = (await log.blocks())
    .filter((block) => isInForce(block, live) !== isInForce(block, next))
    .map(({ environment, user_id }) => ({ environment, id: user_id }));
  let tries = 0;
  for (;;) {
    const left = () => Math.max(MIN_WAIT_MS, deadline - performance.now());
    await move?.advance();
    const { cut } = await waitUntilLoaded({ kafka, generation: live, timeoutMs: left(), progress });
    await move?.reach(offsetsOf(cut));
    await waitUntilLoaded({ kafka, generation: next, timeoutMs: left(), progress });
    const offsets = offsetsOf(cut);
    const streamTimes = offsets.map((_, partition) => cut.get(partition)?.streamTimeMs ?? 0);
    const cuts =
      move === undefined
        ? offsets.map((offset, partition) => ({ offset, streamTimeMs: streamTimes[partition] ?? 0 }))
        : {
            receivedBeforeMs:
              Math.min(...streamTimes) - Math.min(MOST_UNDER_WAY_MS, (tries + 1) * UNDER_WAY_MS),
          };
    const comparison = await compareGenerations(clickhouse, { generations: [live, next], cuts, blocked });
    if (comparison.equal || performance.now() >= deadline) return comparison;
    tries += 1;
    if (tries === SAID_AFTER_TRIES) progress('Not equal yet, comparing again and again');
    await pause(RETRY_AFTER_MS);
  }
}

function offsetsOf(cut: ReadonlyMap<number, Commit>): bigint[] {
  return Array.from({ length: Math.max(-1, ...cut.keys()) + 1 }, (_, partition) => {
    const offset = cut.get(partition)?.offset ?? 0n;
    return offset < 0n ? 0n : offset;
  });
}
