import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { ClickHouse } from '#lib/clickhouse/client.ts';
import type { Variables } from '../cli/command.ts';
import { type Stack, startStack } from '../cli/stack.ts';
import { readStackSettings } from '../cli/stack-settings.ts';

export type Surroundings = {
  readonly env: Variables;
  readonly signal: AbortSignal;
  readonly progress: (text: string) => void;
};

/** A whole stack on free ports in a directory of its own, which is gone when the work is done. */
export async function withOwnStack<T>(
  surroundings: Surroundings,
  work: (stack: Stack, env: Variables) => Promise<T>,
): Promise<T> {
  const dataDir = await mkdtemp(join(tmpdir(), 'cairn-bench-'));
  const env = {
    ...surroundings.env,
    CAIRN_HTTP_PORT: '0',
    CAIRN_KAFKA_PORT: '0',
    CAIRN_CLICKHOUSE_PORT: '0',
    CAIRN_DATA_DIR: dataDir,
    CAIRN_KAFKA_BROKERS: '',
    CAIRN_CLICKHOUSE_URL: '',
    CAIRN_GENERATION: '',
  };
  try {
    const stack = await startStack({ ...surroundings, settings: readStackSettings(env), env });
    try {
      return await work(stack, env);
    } finally {
      await stack.stop();
    }
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

export type Load = {
  readonly events: number;
  /** Events of one request. */
  readonly batchSize: number;
  readonly connections: number;
};

const LOOK_EVERY_MS = 200;
const SAID_EVERY_MS = 5000;

/** Sends events as fast as the collector takes them, and waits until the last row is in ClickHouse. */
export async function sendLoad(
  collectorUrl: string,
  clickhouse: ClickHouse,
  { events, batchSize, connections }: Load,
  { signal, progress }: Surroundings,
) {
  progress(`sending ${events} events, ${batchSize} a request, over ${connections} connections`);
  const startedAt = performance.now();
  const generator = fileURLToPath(new URL('load-generator.ts', import.meta.url));
  const args = [generator, collectorUrl, String(events), String(batchSize), String(connections)];
  const sending = promisify(execFile)(process.execPath, args, { signal });
  let failure: Error | undefined;
  sending.catch((error: Error) => {
    failure = error;
  });
  let saidAt = startedAt;
  for (;;) {
    signal.throwIfAborted();
    if (failure !== undefined) throw failure;
    const [row] = await clickhouse.query<{ loaded: string }>('SELECT count() AS loaded FROM cairn.events');
    const loaded = Number(row?.loaded);
    if (loaded >= events) break;
    if (performance.now() - saidAt > SAID_EVERY_MS) {
      saidAt = performance.now();
      progress(`${loaded} of ${events} loaded`);
    }
    await pause(LOOK_EVERY_MS);
  }
  const loadedSeconds = (performance.now() - startedAt) / 1000;
  const sent = JSON.parse((await sending).stdout) as { seconds: number; refused: number; cpuSeconds: number };
  return { ...sent, loadedSeconds };
}
