import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { clickhouseLibrary } from './platform.ts';
import { LOOPBACK } from './ports.ts';
import { type ServerStart, whenReady } from './server-readiness.ts';
import { type SupervisedProcess, startSupervised } from './supervised-process.ts';

const SERVER = join(import.meta.dirname, 'clickhouse-server.ts');
const READY_WITHIN_MS = 60_000;
/** A stop waits for running queries. */
const GRACE_MS = 10_000;
const ANSWER_TIMEOUT_MS = 1000;

/**
 * Bounds for a machine that runs everything else too. An idle connection delays a stop until it is closed:
 * three seconds is the shortest time that the usual clients' own idle limits stay below. System log tables
 * are off unless configured, so only the user's data grows.
 */
const CONFIG = `<clickhouse>
  <max_server_memory_usage_to_ram_ratio>0.5</max_server_memory_usage_to_ram_ratio>
  <mark_cache_size>536870912</mark_cache_size>
  <primary_index_cache_size>536870912</primary_index_cache_size>
  <keep_alive_timeout>3</keep_alive_timeout>
  <log-level>warning</log-level>
  <logger>
    <log>clickhouse.log</log>
    <size>10M</size>
    <count>2</count>
  </logger>
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
}: ServerStart): Promise<SupervisedProcess & { readonly url: string }> {
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
    isReady: () => answers(url, data),
    withinMs: READY_WITHIN_MS,
    logFile: outputFile,
    signal,
  });
  return { ...server, url };
}

/** Asks for the data directory too: another server that took the port first would answer a ping as well. */
async function answers(url: string, data: string): Promise<boolean> {
  const query = "SELECT value FROM system.server_settings WHERE name = 'path' FORMAT TSVRaw";
  try {
    const response = await fetch(`${url}/?query=${encodeURIComponent(query)}`, {
      // Left open, the connection would delay a stop.
      headers: { connection: 'close' },
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    });
    return (await response.text()).trimEnd() === data;
  } catch {
    return false;
  }
}
