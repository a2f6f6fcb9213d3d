import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startEmbeddedStack } from '#infra/embedded/embedded-stack.ts';
import type { Variables } from './command.ts';
import { FIRST_GENERATION } from './generations/live-generation.ts';
import { StageSets } from './generations/stage-sets.ts';
import { SwitchWatch } from './generations/switch-watch.ts';
import { removeRunFile, writeRunFile } from './run-file.ts';
import { type LogFile, openLogFile } from './service-log.ts';
import type { StackSettings } from './stack-settings.ts';
import { type ServiceSpec, type ServiceState, type Supervisor, startSupervisor } from './supervisor.ts';
import { CommandError } from './usage-error.ts';

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
  /** Time the services have to become ready once the servers answer; without it they are waited for. */
  readonly patienceMs?: number;
  /** What is going on, for people. */
  readonly progress: (text: string) => void;
  /** Every line a service logs, before it goes to its file. */
  readonly onLine?: (service: string, line: string) => void;
};

/** Services were not ready in time. */
export class NotReadyError extends CommandError {
  constructor(states: readonly ServiceState[], patienceMs: number) {
    const names = states.filter(({ ready }) => !ready).map(({ name }) => name);
    super(`Cannot start: not ready within ${patienceMs / 1000} s: ${names.join(', ')}; see their logs`);
  }
}

export type Stack = {
  /** Empty where the collector is not among the services. */
  readonly collectorUrl: string;
  readonly clickhouseUrl: string;
  readonly brokers: readonly string[];
  /** The generation that readers see, as of now. */
  readonly generation: number;
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
 * left running. Throws NotReadyError where the services' time is up.
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
  let collector: readonly ServiceState[] = [];
  const collectorUrl = () => collector[0]?.url ?? '';
  const specOf = (name: ServiceName, generation?: number): ServiceSpec => ({
    name,
    generation,
    main: fileURLToPath(new URL(`../services/${name}/main.ts`, import.meta.url)),
    env: (): Variables => ({
      ...options.env,
      CAIRN_KAFKA_BROKERS: brokers.join(','),
      CAIRN_CLICKHOUSE_URL: clickhouseUrl,
      // A free port that was picked is kept over restarts: clients know it.
      CAIRN_HTTP_PORT:
        collectorUrl() === '' ? String(settings.CAIRN_HTTP_PORT) : new URL(collectorUrl()).port,
      CAIRN_HEALTH_PORT: '0',
      CAIRN_STATE_DIR: join(dataDir, 'state'),
      CAIRN_GENERATION: String(generation ?? ''),
    }),
  });
  const events = {
    onNotice: progress,
    onLine(service: string, line: string) {
      const log = logs.getOrInsertComputed(service, () => openLogFile(join(dataDir, 'logs'), service));
      log.append(line);
      onLine(service, line);
    },
  };
  const switches = new SwitchWatch(clickhouseUrl);
  const letGo = async () => {
    keepRunFile = () => {};
    await switches.close();
    await embedded.stop();
    for (const log of logs.values()) log.close();
    removeRunFile(dataDir);
  };
  try {
    const startedAt = new Date().toISOString();
    const pinned = settings.CAIRN_GENERATION;
    const [live = FIRST_GENERATION] = pinned === 0 ? await switches.first(signal, progress) : [pinned];
    const stages = new StageSets(live, {
      ...events,
      specsOf: (generation) =>
        wanted.filter((name) => name !== 'collector').map((name) => specOf(name, generation)),
      onChange: () => keepRunFile(),
    });
    const states = () => [...collector, ...stages.states()];
    keepRunFile = () =>
      writeRunFile(dataDir, {
        pid: process.pid,
        startedAt,
        collector: collectorUrl(),
        clickhouse: clickhouseUrl,
        brokers,
        generation: stages.live,
        partitions: settings.CAIRN_PARTITIONS,
        kafkaPid: embedded.kafkaPid,
        clickhousePid: embedded.clickhousePid,
        services: states(),
      });
    keepRunFile();
    const giveUp = new AbortController();
    const startSignal = AbortSignal.any([signal, giveUp.signal]);
    const { patienceMs } = options;
    const overdue =
      patienceMs === undefined
        ? undefined
        : setTimeout(() => giveUp.abort(new NotReadyError(states(), patienceMs)), patienceMs);
    const starts = [
      startSupervisor(
        wanted.filter((name) => name === 'collector').map((name) => specOf(name)),
        {
          ...events,
          onChange(states) {
            collector = states;
            keepRunFile();
          },
        },
        startSignal,
      ),
      stages.start(live, startSignal),
    ] as const;
    let front: Supervisor;
    try {
      [front] = await Promise.all(starts);
    } catch (error) {
      giveUp.abort();
      const [supervisor] = await Promise.allSettled(starts);
      if (supervisor.status === 'fulfilled') await supervisor.value.stop();
      await stages.stop();
      throw error;
    } finally {
      clearTimeout(overdue);
    }
    const stopFollowing = new AbortController();
    if (pinned === 0)
      switches.watch((switched) => stages.follow(switched, stopFollowing.signal), stopFollowing.signal);
    const failed = Promise.race([front.failed, stages.failed, embedded.failed]);
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
      get generation() {
        return stages.live;
      },
      services: states,
      failed,
      async stop() {
        stopFollowing.abort();
        await front.stop();
        await stages.stop();
        await letGo();
      },
    };
  } catch (error) {
    await letGo();
    throw error;
  }
}
