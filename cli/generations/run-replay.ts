import { join } from 'node:path';
import type { Context } from '../command.ts';
import { forTerminal, type LogFile, openLogFile } from '../service-log.ts';
import { type Supervisor, startSupervisor } from '../supervisor.ts';
import { catchUp } from './catch-up.ts';
import type { Comparison } from './compare-generations.ts';
import { requireLive, type Workplace } from './open-workplace.ts';
import type { ReplayReport } from './replay-report.ts';
import { stageSpecs } from './stage-specs.ts';
import { startBuild } from './start-build.ts';
import { switchGeneration } from './switch-generation.ts';
import { waitForTakeOver } from './take-over.ts';
import { verifyGeneration } from './verify-generation.ts';

export type ReplayOptions = {
  readonly fromMs: number | undefined;
  readonly fresh: boolean;
  readonly switches: boolean;
  readonly timeoutMs: number;
};

export type ReplayResult = {
  readonly generation: number;
  /** The generation that was live before. */
  readonly replaced: number;
  readonly verified: boolean;
  readonly switched: boolean;
  /** Something else runs its stages now. */
  readonly takenOver: boolean;
  readonly comparison: Comparison;
};

/**
 * Builds a generation, compares it with the live one and switches to it. Its stages run as processes of this one
 * until something else runs them. Throws the signal's reason where it is aborted before the
 * switch: all that was done stays.
 */
export async function runReplay(
  place: Workplace,
  context: Context,
  report: ReplayReport,
  options: ReplayOptions,
): Promise<ReplayResult> {
  const { clickhouse, kafka, log } = place;
  const [{ generation: live }, ...older] = await requireLive(clickhouse);
  const { timeoutMs } = options;
  const progress = (text: string) => report.say(text);
  const building = await startBuild(place, {
    ...options,
    live,
    switched: [live, ...older.map(({ generation }) => generation)],
    progress,
  });
  const { generation } = building;
  const stages = await startStages(place, context, generation, progress);
  try {
    const comparison = await stages.whileRunning(async () => {
      await catchUp(kafka, generation, (seen) => report.progress(generation, seen));
      return verifyGeneration(place, { live, next: generation, timeoutMs, progress });
    });
    report.compared(comparison);
    const result = { generation, replaced: live, takenOver: false, comparison };
    if (!comparison.equal) return { ...result, verified: false, switched: false };
    await log.writeGeneration({ ...building, verified_at: Date.now() });
    if (!options.switches) return { ...result, verified: true, switched: false };
    await switchGeneration(place, generation);
    report.switched(generation, live);
    const takenOver = await stages
      .whileRunning(() => waitForTakeOver(place, generation))
      .then(
        () => true,
        (error) => {
          if (!context.signal.aborted) throw error;
          return false;
        },
      );
    return { ...result, verified: true, switched: true, takenOver };
  } finally {
    await stages.stop();
  }
}

/** Starts the stages of a generation, logs beside those of the stack's own. */
async function startStages(
  { stack }: Workplace,
  { env, signal }: Context,
  generation: number,
  say: (text: string) => void,
) {
  const logs = new Map<string, LogFile>();
  const directory = join(stack.settings.CAIRN_DATA_DIR, 'logs');
  const supervisor: Supervisor = await startSupervisor(
    stageSpecs({ ...stack, generation, env }),
    {
      onChange: () => {},
      onNotice: say,
      onLine(service, line) {
        logs.getOrInsertComputed(service, () => openLogFile(directory, service)).append(line);
        const text = forTerminal(service, line);
        if (text !== undefined) say(text);
      },
    },
    signal,
  );
  const aborted = new Promise<never>((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason));
  });
  aborted.catch(() => {});
  return {
    /** What the work gives, or the reason why the stages run no longer. */
    whileRunning: <T>(work: () => Promise<T>): Promise<T> =>
      Promise.race([work(), supervisor.failed, aborted]),
    async stop() {
      await supervisor.stop();
      for (const log of logs.values()) log.close();
    },
  };
}
