import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startEmbeddedStack } from '#infra/embedded/embedded-stack.ts';
import type { Variables } from './command.ts';
import { removeRunFile, writeRunFile } from './run-file.ts';
import { type LogFile, openLogFile } from './service-log.ts';
import type { StackSettings } from './stack-settings.ts';
import type { ServiceState } from './supervised-service.ts';
import { startSupervisor } from './supervisor.ts';

/** The services, in the order in which they stop: what writes stops before what reads. */
export const SERVICE_NAMES = ['collector', 'identity-merger', 'sessionizer', 'loader'] as const;
export type ServiceName = (typeof SERVICE_NAMES)[number];

export type StackOptions = {
  readonly settings: StackSettings;
  /** Services to start; all by default. */
  readonly services?: readonly ServiceName[];
  /** Environment the services inherit. */
  readonly env: Variables;
  /** Aborted = give up starting, and stop what was started. */
  readonly signal: AbortSignal;
  /** What is going on, for people. */
  readonly progress: (text: string) => void;
  /** Every line a service logs, before it goes to its file. */
  readonly onLine?: (service: string, line: string) => void;
};

export type Stack = {
  /** Empty where the collector is not among the services. */
  readonly collectorUrl: string;
  readonly clickhouseUrl: string;
  readonly brokers: readonly string[];
  /** Process ids of the embedded servers as of now; 0 where one is not embedded. */
  readonly kafkaPid: number;
  readonly clickhousePid: number;
  services(): ServiceState[];
  /** Rejects when the stack cannot go on: a server died, or a service's configuration is wrong. */
  readonly failed: Promise<never>;
  /** Stops the services in order, then ClickHouse, then Kafka. */
  stop(): Promise<void>;
};

/**
 * Starts Kafka and ClickHouse (where they are not external) and the services, and resolves when all are
 * ready. While it runs, `run.json` in the data directory says where everything is. After a throw nothing is
 * left running.
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { settings, signal, progress, onLine = () => {} } = options;
  const dataDir = settings.CAIRN_DATA_DIR;
  signal.throwIfAborted();
  let keepRunFile = () => {};
  const embedded = await startEmbeddedStack({
    dataDir,
    kafkaPort: settings.CAIRN_KAFKA_PORT,
    clickhousePort: settings.CAIRN_CLICKHOUSE_PORT,
    progress(text) {
      progress(text);
      // A server that was restarted has another process id.
      keepRunFile();
    },
    signal,
    external: { brokers: settings.CAIRN_KAFKA_BROKERS, clickhouseUrl: settings.CAIRN_CLICKHOUSE_URL },
  });
  const { brokers, clickhouseUrl } = embedded;
  const wanted = SERVICE_NAMES.filter((name) => (options.services ?? SERVICE_NAMES).includes(name));
  const logs = new Map<string, LogFile>();
  let states: readonly ServiceState[] = [];
  const collectorUrl = () => states.find(({ name }) => name === 'collector')?.url ?? '';
  const envOf = (): Variables => ({
    ...options.env,
    CAIRN_KAFKA_BROKERS: brokers.join(','),
    CAIRN_CLICKHOUSE_URL: clickhouseUrl,
    // A free port that was picked is kept over restarts: clients know it.
    CAIRN_HTTP_PORT: collectorUrl() === '' ? String(settings.CAIRN_HTTP_PORT) : new URL(collectorUrl()).port,
    CAIRN_HEALTH_PORT: '0',
  });
  const letGo = async () => {
    keepRunFile = () => {};
    await embedded.stop();
    for (const log of logs.values()) log.close();
    removeRunFile(dataDir);
  };
  try {
    const startedAt = new Date().toISOString();
    keepRunFile = () =>
      writeRunFile(dataDir, {
        pid: process.pid,
        startedAt,
        collector: collectorUrl(),
        clickhouse: clickhouseUrl,
        brokers,
        generation: settings.CAIRN_GENERATION,
        partitions: settings.CAIRN_PARTITIONS,
        kafkaPid: embedded.kafkaPid,
        clickhousePid: embedded.clickhousePid,
        services: states,
      });
    keepRunFile();
    for (const name of wanted) logs.set(name, openLogFile(join(dataDir, 'logs'), name));
    const supervisor = await startSupervisor(
      wanted.map((name) => ({
        name,
        main: fileURLToPath(new URL(`../services/${name}/main.ts`, import.meta.url)),
        env: envOf,
      })),
      {
        onChange(services) {
          states = services;
          keepRunFile();
        },
        onNotice: progress,
        onLine(service, line) {
          logs.get(service)?.append(line);
          onLine(service, line);
        },
      },
      signal,
    );
    const failed = Promise.race([supervisor.failed, embedded.failed]);
    failed.catch(() => {});
    return {
      collectorUrl: collectorUrl(),
      clickhouseUrl,
      brokers,
      get kafkaPid() {
        return embedded.kafkaPid;
      },
      get clickhousePid() {
        return embedded.clickhousePid;
      },
      services: supervisor.states,
      failed,
      async stop() {
        await supervisor.stop();
        await letGo();
      },
    };
  } catch (error) {
    await letGo();
    throw error;
  }
}
