import { type Backend, startBackend } from '../../support/backend.ts';
import { until } from '../../support/until.ts';
import { type InstanceEvents, SERVICES, ServiceInstance, type ServiceName } from './service-instance.ts';

const READY_WITHIN_MS = 90_000;
/** A service dies of what is done to it, and never ends by itself, but (75) where a server went while it started. */
const ENDED_BY_ITSELF = / exited with (?!75,)\d/;

export const SERVERS = ['kafka', 'clickhouse'] as const;
export type Server = (typeof SERVERS)[number];

export type CampaignStackOptions = {
  /** What happens, for people. */
  readonly progress: (text: string) => void;
  readonly onLine: (instance: string, line: string) => void;
};

/** Kafka, ClickHouse and every service in one or more instances, all of which can be done harm to. */
export class CampaignStack {
  readonly backend: Backend;
  readonly #instances: ServiceInstance[] = [];
  readonly #events: InstanceEvents;
  #started = 0;
  /** What no fault explains: a service that refuses to run, or says that it has a bug. */
  readonly complaints: string[] = [];
  readonly #down = new Map<Server, Promise<void>>();
  readonly #paused = new Set<Server>();

  private constructor(backend: Backend, { progress, onLine }: CampaignStackOptions) {
    this.backend = backend;
    this.#events = {
      onLine,
      onNotice: (text) => {
        progress(text);
        if (ENDED_BY_ITSELF.test(text)) this.complaints.push(text);
      },
      fail: (error) => this.complaints.push(error.message),
    };
  }

  static async start(options: CampaignStackOptions): Promise<CampaignStack> {
    const stack = new CampaignStack(await startBackend(), options);
    try {
      for (const name of SERVICES) await stack.add(name);
      await stack.untilReady();
      return stack;
    } catch (error) {
      await stack.stop();
      throw error;
    }
  }

  instances(name?: ServiceName): readonly ServiceInstance[] {
    return this.#instances.filter((instance) => name === undefined || instance.name === name);
  }

  collectorUrls(): readonly string[] {
    return this.instances('collector').flatMap(({ url }) => (url === '' ? [] : [url]));
  }

  /** One more instance of a service; it is not waited for. */
  async add(name: ServiceName): Promise<ServiceInstance> {
    this.#started += 1;
    const label = `${name}-${this.#started}`;
    const instance = await ServiceInstance.start(name, label, this.backend, this.#events);
    this.#instances.push(instance);
    return instance;
  }

  /** Stops instances of a service, the oldest first, until there are so many. */
  async shrink(name: ServiceName, count: number): Promise<void> {
    const surplus = this.instances(name).slice(0, Math.max(0, this.instances(name).length - count));
    await Promise.all(
      surplus.map(async (instance) => {
        await instance.stop();
        this.#instances.splice(this.#instances.indexOf(instance), 1);
      }),
    );
  }

  /** Kills a server and resolves when it is back; where it is down already, waits for that alone. */
  killServer(name: Server): Promise<void> {
    const down = this.#down.get(name);
    if (down !== undefined) return down;
    const back = this.backend[name].killAndRestart().finally(() => this.#down.delete(name));
    this.#down.set(name, back);
    return back;
  }

  /** Stops a server in mid-air; one that is down is left alone. */
  async pauseServer(name: Server): Promise<void> {
    if (this.#down.has(name)) return;
    this.#paused.add(name);
    await this.backend[name].pause();
  }

  async resumeServer(name: Server): Promise<void> {
    // Killed while it was paused, it is back as another process.
    await this.#down.get(name);
    if (this.#paused.delete(name)) await this.backend[name].resume();
  }

  /** Ends every fault, goes back to one instance of each service and waits until all are ready. */
  async heal(): Promise<void> {
    for (const name of SERVERS) await this.resumeServer(name);
    for (const instance of this.#instances) instance.heal();
    await this.untilReady();
    for (const name of SERVICES) await this.shrink(name, 1);
  }

  async untilReady(): Promise<void> {
    await until(
      'all services to be ready',
      () => this.complaints.length > 0 || this.#instances.every(({ isReady }) => isReady),
      READY_WITHIN_MS,
    );
    if (this.complaints.length > 0) throw new Error(this.complaints.join('\n'));
  }

  async stop(): Promise<void> {
    for (const name of SERVERS) await this.resumeServer(name);
    // What writes stops before what reads.
    for (const name of SERVICES) await this.shrink(name, 0);
    await this.backend.stop();
  }
}
