import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { clickhouseLibrary } from './platform.ts';
import { LOOPBACK } from './ports.ts';
import { type RunningServer, type ServerStart, whenReady } from './server-readiness.ts';
import { startSupervised } from './supervised-process.ts';

const SERVER = join(import.meta.dirname, 'clickhouse-server.ts');
const READY_WITHIN_MS = 30_000;
/** Running queries may take a while to end, and merges of large parts. */
const GRACE_MS = 10_000;
const PING_TIMEOUT_MS = 1000;

/** Bounds for a machine that runs everything else too. System log tables are off unless configured. */
const CONFIG = `<clickhouse>
  <max_server_memory_usage_to_ram_ratio>0.5</max_server_memory_usage_to_ram_ratio>
  <mark_cache_size>536870912</mark_cache_size>
</clickhouse>
`;

/**
 * Starts ClickHouse on the loopback interface, with its data in `dataDir`/clickhouse, and resolves when it
 * answers. Throws ConfigError where this platform has none, UnavailableError where it does not come up.
 */
export async function startClickHouse({
  dataDir,
  port,
  signal,
}: ServerStart): Promise<RunningServer & { readonly url: string }> {
  const directory = join(dataDir, 'clickhouse');
  const data = join(directory, 'data');
  const config = join(directory, 'config.xml');
  const outputFile = join(directory, 'clickhouse.out');
  const library = clickhouseLibrary();
  mkdirSync(data, { recursive: true });
  writeFileSync(config, CONFIG);
  const url = `http://${LOOPBACK}:${port}`;
  const server = await startSupervised({
    command: process.execPath,
    args: [
      '--experimental-ffi',
      '--disable-warning=ExperimentalWarning',
      SERVER,
      library,
      data,
      String(port),
      config,
    ],
    directory,
    outputFile,
    pidFile: join(directory, 'pid'),
    graceMs: GRACE_MS,
  });
  await whenReady(server, {
    name: 'ClickHouse',
    isReady: () => answersPing(url),
    withinMs: READY_WITHIN_MS,
    logFile: outputFile,
    signal,
  });
  return { ...server, url };
}

async function answersPing(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/ping`, { signal: AbortSignal.timeout(PING_TIMEOUT_MS) });
    return response.ok && (await response.text()) === 'Ok.\n';
  } catch {
    return false;
  }
}
