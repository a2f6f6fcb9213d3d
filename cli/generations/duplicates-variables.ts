import { durationMs } from '#lib/config/duration.ts';
import {
  type DuplicatesBound,
  duplicatesBoundOf,
} from '../../services/identity-merger/core/duplicates-bound.ts';
import type { Variables } from '../command.ts';
import type { KafkaAccess } from '../kafka-access.ts';
import { commitsOf } from '../progress-of-stages.ts';
import { durationText } from '../table.ts';

/** Bounds of the duplicates window in a generation, as its merger committed them; undefined before it has. */
export async function boundOfGeneration(
  kafka: KafkaAccess,
  generation: number,
): Promise<DuplicatesBound | undefined> {
  const commits = await commitsOf(
    kafka,
    { service: 'identity-merger', topic: 'events.collected' },
    generation,
  );
  return duplicatesBoundOf([...commits.values()].map(({ facts }) => facts));
}

/**
 * Bounds of the duplicates window for the stages of a new generation: those of the live one, unless the environment
 * says otherwise. With another window a replay lets other events through, so it says that it has one.
 */
export function duplicatesVariables(
  live: number,
  bound: DuplicatesBound | undefined,
  env: Variables,
  say: (text: string) => void,
): Variables {
  if (bound === undefined) return {};
  const { windowMs, maxIds } = bound;
  const asked = env['CAIRN_DUPLICATES_WINDOW'] || `${windowMs}ms`;
  if (isOther(asked, windowMs)) {
    say(
      `Duplicates are recognised for ${asked} in the new generation and for ${durationText(windowMs)} in generation ${live}: ` +
        'they may differ by events that came twice',
    );
  }
  return {
    CAIRN_DUPLICATES_WINDOW: asked,
    CAIRN_DUPLICATES_MAX_IDS: env['CAIRN_DUPLICATES_MAX_IDS'] || (maxIds === 0 ? '' : String(maxIds)),
  };
}

/** The stage itself refuses what is no duration. */
function isOther(text: string, windowMs: number): boolean {
  try {
    return durationMs(text) !== windowMs;
  } catch {
    return false;
  }
}
