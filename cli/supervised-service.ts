import { ConfigError, EXIT } from '#lib/errors.ts';
import type { Variables } from './command.ts';
import { type Exit, type ServiceProcess, startServiceProcess } from './service-process.ts';

const FIRST_PAUSE_MS = 100;
/** Longest pause before a restart: with the time to start, a dead service is back within two seconds. */
const LONGEST_PAUSE_MS = 1000;
/** A run this long was a good one: the next restart is quick again. */
const GOOD_RUN_MS = 10_000;
const STOP_PATIENCE_MS = 15_000;

export type ServiceSpec = {
  readonly name: string;
  /** Generation it works for; undefined where generations are nothing to it. */
  readonly generation?: number | undefined;
  /** Path of the service's main.ts. */
  readonly main: string;
  /** Environment of the next run; read at every start. */
  readonly env: () => Variables;
};

export type ServiceState = {
  readonly name: string;
  readonly generation?: number | undefined;
  readonly pid: number;
  /** Empty until the service has said that it is ready. */
  readonly url: string;
  readonly ready: boolean;
  readonly restarts: number;
};

export type ServiceEvents = {
  /** A line a service wrote. */
  onLine(service: string, line: string): void;
  /** The service started, became ready or died. */
  onChange(): void;
  /** What the supervisor did, for people. */
  onNotice(text: string): void;
};

/**
 * Keeps one service process alive: restarts it without limit, except where it says that its
 * configuration is wrong, which no restart mends.
 */
export class SupervisedService {
  readonly #spec: ServiceSpec;
  readonly #events: ServiceEvents;
  readonly #fail: (error: Error) => void;
  #process: ServiceProcess | undefined;
  #url = '';
  #ready = false;
  #restarts = 0;
  #pauseMs = FIRST_PAUSE_MS;
  #pause: ReturnType<typeof setTimeout> | undefined;
  #stopping = false;
  #complaint = '';
  #firstReady = Promise.withResolvers<void>();

  constructor(spec: ServiceSpec, events: ServiceEvents, fail: (error: Error) => void) {
    this.#spec = spec;
    this.#events = events;
    this.#fail = fail;
  }

  state(): ServiceState {
    return {
      name: this.#spec.name,
      generation: this.#spec.generation,
      pid: this.#process?.pid ?? 0,
      url: this.#url,
      ready: this.#ready,
      restarts: this.#restarts,
    };
  }

  /** Starts the first run. Resolves when the service is ready, however many runs that takes. */
  start(): Promise<void> {
    this.#run();
    return this.#firstReady.promise;
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#pause);
    await this.#process?.stop(STOP_PATIENCE_MS);
    this.#ready = false;
  }

  /** How logs and notices name it: those of the first generation plainly, later ones with their number. */
  get #label(): string {
    const { name, generation = 1 } = this.#spec;
    return generation === 1 ? name : `${name}.g${generation}`;
  }

  #run(): void {
    const startedAt = performance.now();
    const run = startServiceProcess({
      main: this.#spec.main,
      env: this.#spec.env(),
      onLine: (line) => {
        this.#complaint = complaintOf(line) ?? this.#complaint;
        this.#events.onLine(this.#label, line);
      },
    });
    this.#process = run;
    this.#events.onChange();
    run.ready.then((url) => {
      this.#url = url;
      this.#ready = true;
      this.#firstReady.resolve();
      this.#events.onChange();
    });
    run.exited.then(
      (exit) => this.#afterExit(exit, performance.now() - startedAt),
      (error: Error) => this.#fail(error),
    );
  }

  #afterExit(exit: Exit, ranMs: number): void {
    this.#process = undefined;
    this.#ready = false;
    if (this.#stopping) return;
    if (exit.code === EXIT.config) {
      this.#fail(new ConfigError([`Cannot start ${this.#label}: ${this.#complaint || 'see its log'}`]));
      return;
    }
    if (ranMs >= GOOD_RUN_MS) this.#pauseMs = FIRST_PAUSE_MS;
    this.#restarts += 1;
    const how = exit.signal === null ? `exited with ${exit.code}` : `was killed by ${exit.signal}`;
    this.#events.onNotice(`${this.#label} ${how}, restarting`);
    this.#complaint = '';
    this.#pause = setTimeout(() => this.#run(), this.#pauseMs);
    this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS);
    this.#events.onChange();
  }
}

/** The message of an error line of a service's log. */
function complaintOf(line: string): string | undefined {
  if (!line.includes('"level":50')) return undefined;
  try {
    const { err, msg } = JSON.parse(line) as { err?: { message?: string }; msg?: string };
    return err?.message ?? msg;
  } catch {
    return undefined;
  }
}
