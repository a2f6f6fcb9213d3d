import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Context, Variables } from '../command.ts';
import { locateStack } from '../locate-stack.ts';
import { forTerminal } from '../service-log.ts';
import { NotReadyError, startStack } from '../stack.ts';
import { readStackSettings } from '../stack-settings.ts';

/** A stack the demo sends its traffic to. */
export type DemoStack = {
  readonly collectorUrl: string;
  readonly clickhouseUrl: string;
  readonly brokers: readonly string[];
  readonly generation: number;
  /** Rejects when the stack cannot go on. */
  readonly failed: Promise<never>;
  close(): Promise<void>;
};

/** Variables that would point the demo's own stack at somebody else's servers, data or people. */
const OWN: Variables = {
  CAIRN_HTTP_PORT: '0',
  CAIRN_KAFKA_PORT: '0',
  CAIRN_CLICKHOUSE_PORT: '0',
  CAIRN_KAFKA_BROKERS: undefined,
  CAIRN_CLICKHOUSE_URL: undefined,
  CAIRN_ENVIRONMENTS: undefined,
  CAIRN_GENERATION: undefined,
};

/** Time the services have to become ready, on a machine that is busy with other things as well. */
const START_PATIENCE_MS = 180_000;

/**
 * Starts a stack on free ports with a data directory of its own, which goes away with it unless it is kept, or
 * holds the logs of services that did not become ready: NotReadyError.
 */
export async function startOwnStack(
  { env: outer, signal }: Pick<Context, 'env' | 'signal'>,
  options: { keep: boolean; say: (text: string) => void; patienceMs?: number },
): Promise<DemoStack> {
  const { keep, say, patienceMs = START_PATIENCE_MS } = options;
  const dataDir = mkdtempSync(join(tmpdir(), 'cairn-demo-'));
  const env = { ...outer, ...OWN, CAIRN_DATA_DIR: dataDir };
  const tidy = (isKept = keep) => {
    if (isKept) say(`Data and logs are in ${dataDir}`);
    else rmSync(dataDir, { recursive: true, force: true });
  };
  try {
    const settings = readStackSettings(env);
    const stack = await startStack({
      settings,
      env,
      signal,
      patienceMs,
      progress: say,
      onLine(service, line) {
        const text = forTerminal(service, line);
        if (text !== undefined) say(text);
      },
    });
    const { collectorUrl, clickhouseUrl, brokers, failed } = stack;
    return {
      collectorUrl,
      clickhouseUrl,
      brokers,
      generation: stack.generation,
      failed,
      async close() {
        await stack.stop();
        tidy();
      },
    };
  } catch (error) {
    tidy(keep || error instanceof NotReadyError);
    throw error;
  }
}

/** A stack that runs already: its collector by URL, its servers as the other commands find them. */
export async function joinStack(context: Context, collectorUrl: string): Promise<DemoStack> {
  const { brokers, clickhouseUrl, generation } = await locateStack(context, ['kafka', 'clickhouse']);
  return {
    collectorUrl,
    clickhouseUrl,
    brokers,
    generation,
    failed: new Promise(() => {}),
    close: async () => {},
  };
}
