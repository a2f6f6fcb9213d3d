import { startContainerBackend } from './container-backend.ts';
import { startEmbeddedBackend } from './embedded-backend.ts';

/** A server that a test can do harm to. */
export type TestServer = {
  /** Stops it in mid-air: connections stay open, and nothing is answered. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Kills it, as by SIGKILL, and resolves when it answers again, at the same address and with its data. */
  killAndRestart(): Promise<void>;
};

export type Backend = {
  readonly brokers: readonly string[];
  /** With user and password where the server wants them. */
  readonly clickhouseUrl: string;
  readonly kafka: TestServer;
  readonly clickhouse: TestServer;
  /** Stops both servers and removes their data. */
  stop(): Promise<void>;
};

/**
 * Real Kafka and ClickHouse for one test file, on free ports and with data of their own. CAIRN_TEST_BACKEND says
 * where from: `embedded` (the default) child processes, or `containers` of the official images.
 */
export async function startBackend(): Promise<Backend> {
  const kind = process.env['CAIRN_TEST_BACKEND'] || 'embedded';
  if (kind === 'embedded') return startEmbeddedBackend();
  if (kind === 'containers') return startContainerBackend();
  throw new Error(`Cannot start a test backend: CAIRN_TEST_BACKEND is ${JSON.stringify(kind)}`);
}
