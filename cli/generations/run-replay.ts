import { join } from 'node:path';
import { revisionOf } from '#lib/generations/log-revision.ts';
import type { Context } from '../command.ts';
import { LogMove } from '../repartition/log-move.ts';
import { forTerminal, type LogFile, openLogFile } from '../service-log.ts';
import { type Supervisor, startSupervisor } from '../supervisor.ts';
import { catchUp } from './catch-up.ts';
import type { Comparison } from './compare-generations.ts';
import { boundOfGeneration, duplicatesVariables } from './duplicates-variables.ts';
import { requireLive, type Workplace } from './open-workplace.ts';
import type { ReplayReport } from './replay-report.ts';
import { stageSpecs } from './stage-specs.ts';
import { startBuild } from './start-build.ts';
import { switchGeneration } from './switch-generation.ts';
import { waitForTakeOver } from './take-over.ts';
import { verifyGeneration } from './verify-generation.ts';

export type ReplayOptions = {
  readonly fromMs: number | undefined;
  /** Partitions that the log is to have; undefined = as many as it has. */
  readonly partitions: number | undefined;
  readonly fresh: boolean;
  readonly switches: boolean;
  readonly timeoutMs: number;
};

export type ReplayResult = {
  readonly generation: number;
  /** The generation that was live before. */
  readonly replaced: number;
  /** The log itself is moved to another number of partitions. */
  readonly isMove: boolean;
  readonly verified: boolean;
  readonly switched: boolean;
  /** Something else runs its stages now. */
  readonly takenOver: boolean;
  /** Null where the comparison was made by an earlier replay, before the log was handed over. */
  readonly comparison: Comparison | null;
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
  let building = await startBuild(place, {
    ...options,
    live,
    switched: [live, ...older.map(({ generation }) => generation)],
    progress,
  });
  const { generation } = building;
  const oldRevision = revisionOf(await log.generations(), live);
  const isMove = building.log_revision !== oldRevision;
  const move = isMove && building.log_opened_at === 0 ? new LogMove(place, oldRevision, building) : undefined;
  const handOver = async (of: LogMove) => {
    const { opened, closedMs } = await of.complete(building);
    building = opened;
    report.moved(building, closedMs);
  };
  let stages: Stages | undefined;
  const bound = await boundOfGeneration(kafka, live);
  const env = { ...context.env, ...duplicatesVariables(live, bound, context.env, progress) };
  try {
    // Collectors wait for it: an earlier replay was stopped in the middle.
    if (move !== undefined && building.log_sealed_at !== 0) await handOver(move);
    const own = await startStages(place, { ...context, env }, generation, progress);
    stages = own;
    const caughtUp = () => catchUp(kafka, generation, (seen) => report.progress(generation, seen));
    let comparison: Comparison | null = null;
    if (isMove && building.log_opened_at !== 0) {
      // The two were found equal before the log was handed over, and the live one reads nothing new since.
      await own.whileRunning(caughtUp);
    } else {
      const comparing = own.whileRunning(async () => {
        await move?.follow((seen) => report.copied(building.log_revision, seen));
        await caughtUp();
        return verifyGeneration(place, { live, next: generation, move, timeoutMs, progress });
      });
      comparison = await (move === undefined ? comparing : Promise.race([comparing, move.failed]));
      report.compared(comparison);
      if (comparison.equal) {
        building = await log.amend({ ...building, verified_at: Date.now() });
      }
    }
    const result = { generation, replaced: live, isMove, takenOver: false, comparison };
    const verified = comparison?.equal ?? true;
    if (!verified || !options.switches) return { ...result, verified, switched: false };
    if (move !== undefined && building.log_opened_at === 0) {
      context.signal.throwIfAborted();
      await handOver(move);
      await own.whileRunning(caughtUp);
    }
    await log.requireNotDropped(building);
    await switchGeneration(place, generation);
    report.switched(generation, live, isMove);
    const takenOver = await own
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
    await stages?.stop();
    await move?.close();
  }
}

type Stages = Awaited<ReturnType<typeof startStages>>;

/** Starts the stages of a generation, logs beside those of the stack's own. */
async function startStages(
  { stack }: Workplace,
  { env, signal }: Context,
  generation: number,
  say: (text: string) => void,
) {
  const logs = new Map<string, LogFile>();
  const directory = join(stack.settings.CAIRN_DATA_DIR, 'logs');
  const stateDir = env['CAIRN_STATE_DIR'] || join(stack.settings.CAIRN_DATA_DIR, 'state');
  const supervisor: Supervisor = await startSupervisor(
    stageSpecs({ ...stack, generation, env, stateDir }),
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
