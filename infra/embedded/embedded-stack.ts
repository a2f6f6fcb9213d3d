import { join } from 'node:path';
import { startClickHouse } from './clickhouse.ts';
import { openDataDir } from './data-dir.ts';
import { findJava } from './java.ts';
import { startKafka } from './kafka.ts';
import { kafkaJars } from './kafka-jars.ts';
import { type KeptAlive, keepAlive } from './keep-alive.ts';
import { claimPort, LOOPBACK } from './ports.ts';
import { awaitPredecessor } from './supervised-process.ts';

export type EmbeddedStackOptions = {
  /** Directory of all data; created where it is missing, and locked while the stack runs. */
  readonly dataDir: string;
  /** 0 picks a free port. */
  readonly kafkaPort: number;
  readonly clickhousePort: number;
  /** What is going on, for people: downloads, and restarts of a server that died. */
  readonly progress: (text: string) => void;
  /** Servers that already run; what is given (and not empty) is used, and not embedded. */
  readonly external?: {
    readonly brokers?: readonly string[] | undefined;
    readonly clickhouseUrl?: string | undefined;
  };
  /** Aborted = give up starting, stop what was started and throw the signal's reason. */
  readonly signal?: AbortSignal;
};

export type EmbeddedStack = {
  readonly brokers: readonly string[];
  readonly clickhouseUrl: string;
  /** Process ids of the servers, which change when one is restarted; 0 where it is not embedded. */
  readonly kafkaPid: number;
  readonly clickhousePid: number;
  /** Rejects when a server that died cannot be started again for a reason that only a person can mend. */
  readonly failed: Promise<never>;
  /** Stops ClickHouse, then Kafka, and lets go of the data directory. */
  stop(): Promise<void>;
};

/**
 * Starts Kafka and ClickHouse side by side and resolves when both answer. A server that dies is started
 * again, on the same port and data. Neither outlives this process. After a throw nothing is left running.
 *
 * Throws ConfigError for what a person must mend (with the remedy) and UnavailableError where a server does
 * not come up.
 */
export async function startEmbeddedStack(options: EmbeddedStackOptions): Promise<EmbeddedStack> {
  const { external = {}, progress } = options;
  const brokers = external.brokers ?? [];
  const clickhouseUrl = external.clickhouseUrl ?? '';
  const dataDir = openDataDir(options.dataDir);
  const giveUp = new AbortController();
  const given = options.signal === undefined ? [] : [options.signal];
  const context = { dataDir: dataDir.path, progress, signal: AbortSignal.any([giveUp.signal, ...given]) };
  const startingKafka = brokers.length > 0 ? undefined : embedKafka(options.kafkaPort, context);
  const startingClickHouse =
    clickhouseUrl !== '' ? undefined : embedClickHouse(options.clickhousePort, context);
  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopped ??= stopAll();
    return stopped;
  };
  const stopAll = async () => {
    giveUp.abort();
    for (const starting of [startingClickHouse, startingKafka]) {
      await starting?.then(
        ({ server }) => server.stop(),
        () => {},
      );
    }
    dataDir.release();
  };
  try {
    const [kafka, clickhouse] = await Promise.all([startingKafka, startingClickHouse]);
    const servers = [kafka, clickhouse].filter((embedded) => embedded !== undefined);
    return {
      brokers: kafka === undefined ? brokers : [kafka.address],
      clickhouseUrl: clickhouse === undefined ? clickhouseUrl : clickhouse.address,
      get kafkaPid() {
        return kafka?.server.pid ?? 0;
      },
      get clickhousePid() {
        return clickhouse?.server.pid ?? 0;
      },
      failed: Promise.race(servers.map(({ server }) => server.failed)),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

type Context = {
  readonly dataDir: string;
  readonly progress: (text: string) => void;
  readonly signal: AbortSignal;
};

type Embedded = { readonly server: KeptAlive; readonly address: string };

async function embedKafka(wantedPort: number, { dataDir, progress, signal }: Context): Promise<Embedded> {
  const java = await findJava();
  const jars = await kafkaJars({ progress, signal });
  await awaitPredecessor(join(dataDir, 'kafka', 'pid'));
  const port = await claimPort(wantedPort, 'CAIRN_KAFKA_PORT', 'Kafka');
  const start = (signal: AbortSignal) => startKafka({ dataDir, port, java, jars, signal });
  const server = await keepAlive('Kafka', start, { progress, signal });
  return { server, address: `${LOOPBACK}:${port}` };
}

async function embedClickHouse(
  wantedPort: number,
  { dataDir, progress, signal }: Context,
): Promise<Embedded> {
  await awaitPredecessor(join(dataDir, 'clickhouse', 'pid'));
  const port = await claimPort(wantedPort, 'CAIRN_CLICKHOUSE_PORT', 'ClickHouse');
  const start = (signal: AbortSignal) => startClickHouse({ dataDir, port, signal });
  const server = await keepAlive('ClickHouse', start, { progress, signal });
  return { server, address: `http://${LOOPBACK}:${port}` };
}
