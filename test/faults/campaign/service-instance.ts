import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SupervisedService } from '../../../cli/supervised-service.ts';
import type { Backend } from '../../support/backend.ts';
import { ClickHouseProxy } from './clickhouse-proxy.ts';
import { KafkaProxy } from './kafka-proxy.ts';

export const SERVICES = ['collector', 'identity-merger', 'sessionizer', 'loader'] as const;
export type ServiceName = (typeof SERVICES)[number];

/** Small and quick, so that a minute holds many inserts, flushes and time-outs. */
const SETTINGS = {
  CAIRN_ACK_TIMEOUT_MS: '4000',
  CAIRN_TICK_AFTER_MS: '2000',
  CAIRN_LOADER_BATCH_ROWS: '200',
  CAIRN_LOADER_FLUSH_MS: '50',
  CAIRN_HEALTH_PORT: '0',
};

export type InstanceEvents = {
  readonly onLine: (instance: string, line: string) => void;
  readonly onNotice: (text: string) => void;
  readonly fail: (error: Error) => void;
};

/** A service in a process of its own that is started again when it dies, with proxies of its own before its servers. */
export class ServiceInstance {
  readonly name: ServiceName;
  readonly label: string;
  readonly kafka: KafkaProxy;
  readonly clickhouse: ClickHouseProxy;
  readonly #service: SupervisedService;
  /** Its snapshots: they outlive its deaths, and grow old while other instances have its partitions. */
  readonly #stateDir = mkdtempSync(join(tmpdir(), 'cairn-soak-state-'));
  #isPaused = false;

  private constructor(
    name: ServiceName,
    label: string,
    kafka: KafkaProxy,
    clickhouse: ClickHouseProxy,
    events: InstanceEvents,
  ) {
    this.name = name;
    this.label = label;
    this.kafka = kafka;
    this.clickhouse = clickhouse;
    const main = fileURLToPath(new URL(`../../../services/${name}/main.ts`, import.meta.url));
    this.#service = new SupervisedService(
      {
        name: label,
        main,
        env: () => ({
          ...process.env,
          ...SETTINGS,
          CAIRN_STATE_DIR: this.#stateDir,
          CAIRN_KAFKA_BROKERS: kafka.broker,
          CAIRN_CLICKHOUSE_URL: clickhouse.url,
          // Clients know the port: it is kept when the collector is started again.
          CAIRN_HTTP_PORT: this.url === '' ? '0' : new URL(this.url).port,
        }),
      },
      { onLine: events.onLine, onNotice: events.onNotice, onChange: () => {} },
      events.fail,
    );
  }

  static async start(
    name: ServiceName,
    label: string,
    backend: Backend,
    events: InstanceEvents,
  ): Promise<ServiceInstance> {
    const [broker = ''] = backend.brokers;
    const kafka = await KafkaProxy.start(broker);
    const clickhouse = await ClickHouseProxy.start(backend.clickhouseUrl);
    const instance = new ServiceInstance(name, label, kafka, clickhouse, events);
    instance.#service.start().catch(events.fail);
    return instance;
  }

  get url(): string {
    return this.#service?.state().url ?? '';
  }

  /** It runs, is not paused, and said that it is ready. */
  get isReady(): boolean {
    return this.#service.state().ready && !this.#isPaused;
  }

  kill(): void {
    this.#signal('SIGKILL');
  }

  pause(): void {
    this.#isPaused = true;
    this.#signal('SIGSTOP');
  }

  resume(): void {
    this.#isPaused = false;
    this.#signal('SIGCONT');
  }

  /** Ends all faults of this instance but its death. */
  heal(): void {
    this.resume();
    for (const proxy of [this.kafka, this.clickhouse]) {
      proxy.weather.clear();
      proxy.traps.open();
    }
  }

  async stop(): Promise<void> {
    this.heal();
    await this.#service.stop();
    await Promise.all([this.kafka.stop(), this.clickhouse.stop()]);
    rmSync(this.#stateDir, { recursive: true, force: true });
  }

  /** To the run there is now; where it is between two runs, to none. */
  #signal(signal: NodeJS.Signals): void {
    const { pid } = this.#service.state();
    if (pid === 0) return;
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}
