import { applyRetention } from '#lib/kafka/ensure-topics.ts';
import { duplicatesBoundOf } from '../../services/identity-merger/core/duplicates-bound.ts';
import { clickHouseFailure } from '../clickhouse-access.ts';
import { progressOfStages } from '../progress-of-stages.ts';
import type { Workplace } from './open-workplace.ts';

/** Records this young are far from any topic's retention. */
const YOUNG_MS = 24 * 60 * 60 * 1000;

/**
 * Makes a generation the one that readers see, by one row: a query that has begun goes on with the old one, the
 * next sees the new one. From then on its topics are kept as long as the catalogue says, unless it is so far behind
 * that records would go before they are read: then they are kept for ever, until it is switched to once more.
 */
export async function switchGeneration(place: Workplace, generation: number): Promise<void> {
  const { clickhouse, kafka, replicationFactor } = place;
  try {
    // Later than any switch before, whatever the server's clock says.
    await clickhouse.command({
      query: `INSERT INTO cairn.live SELECT ${generation}, greatest(now64(6), max(switched_at) + toIntervalMicrosecond(1)) FROM cairn.live`,
    });
  } catch (error) {
    throw clickHouseFailure(error);
  }
  const progress = await progressOfStages(kafka, generation);
  const oldestMs = Math.min(...progress.map((stage) => stage.oldestMs ?? Number.POSITIVE_INFINITY));
  if (Date.now() - oldestMs >= YOUNG_MS) return;
  const bound = duplicatesBoundOf(progress.map(({ facts }) => facts));
  // A merger that is restored reads back what it remembers.
  const keepMs = bound === undefined ? {} : { 'events.identified': bound.windowMs + YOUNG_MS };
  await applyRetention(kafka.admin, { generation, replicationFactor, keepMs });
}
