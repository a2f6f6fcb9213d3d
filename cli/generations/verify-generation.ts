import { setTimeout as pause } from 'node:timers/promises';
import { waitUntilLoaded } from '../verify/wait-until-loaded.ts';
import { type Comparison, compareGenerations } from './compare-generations.ts';
import { isInForce } from './generation-log.ts';
import type { Workplace } from './open-workplace.ts';

const RETRY_AFTER_MS = 500;
const SAID_AFTER_TRIES = 3;
/** A comparison that has begun may wait this long for what is under way. */
const MIN_WAIT_MS = 10_000;

/**
 * Compares a new generation with the live one up to the end of the log as it is now, again and again until they
 * are equal or the time is up: beside live traffic a binding or a session may show in one a moment before the
 * other. Throws CommandError where one of the two does not load what is there.
 */
export async function verifyGeneration(
  { kafka, clickhouse, log }: Workplace,
  options: { live: number; next: number; timeoutMs: number; progress: (text: string) => void },
): Promise<Comparison> {
  const { live, next, timeoutMs, progress } = options;
  const deadline = performance.now() + timeoutMs;
  const blocked = (await log.blocks())
    .filter((block) => isInForce(block, live) !== isInForce(block, next))
    .map(({ environment, user_id }) => ({ environment, id: user_id }));
  let tries = 0;
  for (;;) {
    const left = () => Math.max(MIN_WAIT_MS, deadline - performance.now());
    const { cut } = await waitUntilLoaded({ kafka, generation: live, timeoutMs: left(), progress });
    await waitUntilLoaded({ kafka, generation: next, timeoutMs: left(), progress });
    const partitions = Math.max(-1, ...cut.keys()) + 1;
    const cuts = Array.from({ length: partitions }, (_, partition) => {
      const { offset = 0n, streamTimeMs = 0 } = cut.get(partition) ?? {};
      return { offset: offset < 0n ? 0n : offset, streamTimeMs };
    });
    const comparison = await compareGenerations(clickhouse, { generations: [live, next], cuts, blocked });
    if (comparison.equal || performance.now() >= deadline) return comparison;
    tries += 1;
    if (tries === SAID_AFTER_TRIES) progress('Not equal yet, comparing again and again');
    await pause(RETRY_AFTER_MS);
  }
}
