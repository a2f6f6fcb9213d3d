import { type ServiceSpec, type ServiceState, startSupervisor } from '../supervisor.ts';

type Running = {
  states(): ServiceState[];
  stop(): Promise<void>;
};

export type StageSetsOptions = {
  /** Stages of a generation. */
  readonly specsOf: (generation: number) => readonly ServiceSpec[];
  /** A stage started, became ready or died. */
  onChange(): void;
  onNotice(text: string): void;
  onLine(service: string, line: string): void;
};

/**
 * The stages of several generations, a supervisor each: of the live one and of those that can be switched back
 * to. They share nothing but the log.
 */
export class StageSets {
  readonly #options: StageSetsOptions;
  readonly #sets = new Map<number, Running>();
  readonly #failure = Promise.withResolvers<never>();
  #live: number;
  /** Rejects when the live generation cannot run; an older one that cannot is stopped with a notice. */
  readonly failed: Promise<never> = this.#failure.promise;

  constructor(live: number, options: StageSetsOptions) {
    this.#live = live;
    this.#options = options;
    this.failed.catch(() => {});
  }

  get live(): number {
    return this.#live;
  }

  /** Stages of all generations, those of the live one first. */
  states(): ServiceState[] {
    const live = this.#sets.get(this.#live);
    const others = [...this.#sets.values()].filter((set) => set !== live);
    return [...(live === undefined ? [] : [live]), ...others].flatMap((set) => set.states());
  }

  /** Starts the stages of a generation and resolves when all are ready. Throws as startSupervisor() does. */
  async start(generation: number, signal: AbortSignal): Promise<void> {
    const stop = new AbortController();
    let states: readonly ServiceState[] = [];
    const starting = startSupervisor(
      this.#options.specsOf(generation),
      {
        onChange: (current) => {
          states = current;
          this.#options.onChange();
        },
        onNotice: this.#options.onNotice,
        onLine: this.#options.onLine,
      },
      AbortSignal.any([signal, stop.signal]),
    );
    const settled = starting.then(
      (supervisor) => supervisor,
      () => undefined,
    );
    this.#sets.set(generation, {
      states: () => [...states],
      async stop() {
        stop.abort();
        await (await settled)?.stop();
      },
    });
    try {
      const supervisor = await starting;
      supervisor.failed.catch((error: Error) => this.#lose(generation, error));
    } catch (error) {
      this.#sets.delete(generation);
      throw error;
    }
  }

  /**
   * Brings what runs in line with the generations that readers have seen, the live one first. A generation that
   * has become live is started beside the others, and nothing stops before it is dropped.
   */
  follow(switched: readonly number[], signal: AbortSignal): void {
    const [live] = switched;
    if (live === undefined) return;
    for (const generation of this.#sets.keys()) {
      if (!switched.includes(generation)) this.#stop(generation);
    }
    if (live !== this.#live) {
      this.#live = live;
      this.#options.onNotice(`Generation ${live} is live`);
      this.#options.onChange();
    }
    for (const generation of switched) {
      if (this.#sets.has(generation)) continue;
      this.#options.onNotice(`Starting the services of generation ${generation}`);
      this.start(generation, signal).then(
        () => this.#options.onChange(),
        (error: Error) => {
          if (!signal.aborted) this.#lose(generation, error);
        },
      );
    }
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#sets.values()].map((set) => set.stop()));
  }

  #lose(generation: number, error: Error): void {
    if (generation === this.#live) {
      this.#failure.reject(error);
      return;
    }
    this.#options.onNotice(`Generation ${generation} cannot run and is stopped: ${error.message}`);
    this.#sets.get(generation)?.stop();
    // Its place stays taken, so that it is not started again and again.
    this.#sets.set(generation, { states: () => [], stop: async () => {} });
  }

  #stop(generation: number): void {
    const set = this.#sets.get(generation);
    this.#sets.delete(generation);
    this.#options.onNotice(`Stopping the services of generation ${generation}: it was dropped`);
    set?.stop().then(this.#options.onChange);
  }
}
