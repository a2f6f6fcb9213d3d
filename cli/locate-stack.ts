import { relative } from 'node:path';
import { openClickHouse } from './clickhouse-access.ts';
import type { Context } from './command.ts';
import { FIRST_GENERATION, readSwitches } from './generations/live-generation.ts';
import { type RunFile, readRunFile } from './run-file.ts';
import { readStackSettings, type StackSettings } from './stack-settings.ts';
import { CommandError } from './usage-error.ts';

const ANSWER_PATIENCE_MS = 5000;

/** Where a stack is that a command works on. */
export type LocatedStack = {
  readonly settings: StackSettings;
  readonly brokers: readonly string[];
  readonly clickhouseUrl: string;
  /** CAIRN_GENERATION, else the live one. */
  readonly generation: number;
  readonly partitions: number;
  /** The running stack of the data directory; undefined where the servers are named by variables alone. */
  readonly run: RunFile | undefined;
};

/**
 * The stack of the data directory; CAIRN_KAFKA_BROKERS and CAIRN_CLICKHOUSE_URL win over it. A command says
 * which of the two servers it needs. Throws CommandError where nothing runs.
 */
export async function locateStack(
  { env }: Context,
  needs: readonly ('kafka' | 'clickhouse')[],
): Promise<LocatedStack> {
  const settings = readStackSettings(env);
  const run = readRunFile(settings.CAIRN_DATA_DIR);
  const brokers =
    settings.CAIRN_KAFKA_BROKERS.length > 0 ? settings.CAIRN_KAFKA_BROKERS : (run?.brokers ?? []);
  const clickhouseUrl = settings.CAIRN_CLICKHOUSE_URL || (run?.clickhouse ?? '');
  const missing =
    (needs.includes('kafka') && brokers.length === 0) ||
    (needs.includes('clickhouse') && clickhouseUrl === '');
  if (missing) {
    const place = relative('.', settings.CAIRN_DATA_DIR) || '.';
    throw new CommandError(
      `No stack runs in ${place}: start one with cairn up, point CAIRN_DATA_DIR at a running one, ` +
        'or set CAIRN_KAFKA_BROKERS and CAIRN_CLICKHOUSE_URL',
    );
  }
  return {
    settings,
    brokers,
    clickhouseUrl,
    generation: settings.CAIRN_GENERATION || (await liveGeneration(clickhouseUrl, run)),
    partitions: run?.partitions ?? settings.CAIRN_PARTITIONS,
    run,
  };
}

/** The live generation; what the running stack was last known to serve where ClickHouse does not answer. */
async function liveGeneration(clickhouseUrl: string, run: RunFile | undefined): Promise<number> {
  const fallback = run?.generation ?? FIRST_GENERATION;
  if (clickhouseUrl === '') return fallback;
  const clickhouse = openClickHouse(clickhouseUrl, ANSWER_PATIENCE_MS);
  try {
    const [live] = await readSwitches(clickhouse);
    return live?.generation ?? fallback;
  } catch {
    return fallback;
  } finally {
    await clickhouse.close();
  }
}
