import { setTimeout as pause } from 'node:timers/promises';
import { readRunFile } from '../run-file.ts';
import { groupOf, STAGE_INPUTS } from '../stage-inputs.ts';
import type { Workplace } from './open-workplace.ts';

const LOOK_EVERY_MS = 500;
/** Longer than a group's session timeout: a member that was killed is counted that long. */
const STEADY_MS = 8000;

/**
 * Resolves when somebody else runs the stages of a generation: the stack of the data directory, which says so in
 * its run file, or members of the consumer groups beside those of this process, one a stage.
 */
export async function waitForTakeOver(place: Workplace, generation: number): Promise<void> {
  let sinceMs: number | undefined;
  for (;;) {
    const stages = readRunFile(place.stack.settings.CAIRN_DATA_DIR)?.services.filter(
      (service) => service.generation === generation,
    );
    if (stages !== undefined && stages.length > 0 && stages.every(({ ready }) => ready)) return;
    const others = await othersRun(place, generation).catch(() => false);
    sinceMs = others ? (sinceMs ?? performance.now()) : undefined;
    if (sinceMs !== undefined && performance.now() - sinceMs >= STEADY_MS) return;
    await pause(LOOK_EVERY_MS);
  }
}

async function othersRun({ kafka }: Workplace, generation: number): Promise<boolean> {
  const groups = [...new Set(STAGE_INPUTS.map(({ service }) => groupOf(service, generation)))];
  const answer = await kafka.admin.describeGroups(groups);
  return answer.groups.every(({ members }) => members.length > 1);
}
