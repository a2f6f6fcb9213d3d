import { setTimeout as pause } from 'node:timers/promises';
import type { ClickHouse } from '#lib/clickhouse/client.ts';

/** What was seen in one part of a measurement. Times in milliseconds. */
export type TrafficFigures = {
  readonly acknowledgeMs: number[];
  /** From the acknowledgement of an event to the first query that finds it. */
  readonly queryableMs: number[];
  sentEvents: number;
  refusedRequests: number;
  reads: number;
  /** Reads that ended in an error: the first few in words. */
  readerErrors: number;
  readonly firstErrors: string[];
  /** Largest number of rows by which a view of events had fewer than at the read before: none is ever taken back. */
  fewerRows: number;
};

export type TrafficOptions = {
  readonly collectorUrl: string;
  readonly clickhouse: ClickHouse;
  /** Database of the environment's views. */
  readonly database: string;
  readonly eventsPerSecond: number;
  /** Devices are numbered from 1. */
  readonly devices: number;
};

const REQUESTS_PER_SECOND = 10;
const PEOPLE_EVERY = 10;
const PROBE_EVERY_MS = 1000;
const LOOK_EVERY_MS = 100;
const READ_EVERY_MS = 250;
const NAMED_ERRORS = 5;
const EVENT_VIEWS = ['pageviews', 'all_events'];
const VIEWS = [...EVENT_VIEWS, 'sessions', 'users', 'user_migrations'];
/** Above every other device. */
const FIRST_PROBE = 2 ** 50;
const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';

/** A client that sends at an even rate, and readers who ask all along; both go on whatever answer they get. */
export class LiveTraffic {
  readonly #options: TrafficOptions;
  readonly #probes = new Map<number, number>();
  readonly #rows = new Map<string, number>();
  #figures: TrafficFigures = noFigures();
  #isRunning = true;
  #sent = 0;
  readonly #loops: Promise<unknown>[];

  constructor(options: TrafficOptions) {
    this.#options = options;
    this.#loops = [this.#sendEvenly(), this.#probe(), this.#lookForProbes(), this.#read()];
  }

  /** What was seen since the last call. */
  take(): TrafficFigures {
    const figures = this.#figures;
    this.#figures = noFigures();
    return figures;
  }

  /** Stops sending and reading, once what was probed is found. */
  async stop(): Promise<void> {
    this.#isRunning = false;
    await Promise.all(this.#loops);
  }

  async #sendEvenly(): Promise<void> {
    const periodMs = 1000 / REQUESTS_PER_SECOND;
    const perRequest = Math.max(1, Math.round(this.#options.eventsPerSecond / REQUESTS_PER_SECOND));
    const under: Promise<void>[] = [];
    let nextAt = performance.now();
    for (let request = 0; this.#isRunning; request += 1) {
      under.push(this.#capture(perRequest));
      if (request % PEOPLE_EVERY === 0) under.push(this.#tellPeople(request));
      if (under.length > 1000) await Promise.all(under.splice(0));
      nextAt += periodMs;
      await pause(Math.max(0, nextAt - performance.now()));
    }
    await Promise.all(under);
  }

  async #capture(count: number): Promise<void> {
    const events = Array.from({ length: count }, () => this.#anEvent());
    const startedAt = performance.now();
    if (!(await this.#post('/v1/capture', { library: 'web', events }))) return;
    this.#figures.acknowledgeMs.push(performance.now() - startedAt);
    this.#figures.sentEvents += count;
  }

  #anEvent() {
    this.#sent += 1;
    return {
      type: this.#sent % 3 === 0 ? 'click' : 'pageview',
      user_id: String(1 + ((this.#sent * 104_729) % this.#options.devices)),
      timestamp: Date.now(),
      page: { domain: 'shop.example', path: `/live/${this.#sent % 20}`, title: 'Shop' },
    };
  }

  /** An identify, and properties of its user and of an account. */
  async #tellPeople(number: number): Promise<void> {
    const identity = `live-${number}@shop.example`;
    const user_id = String(1 + ((number * 31) % this.#options.devices));
    await this.#post('/api/v1/identify', { user_id, identity });
    await this.#post('/api/add_user_properties', { identity, properties: { plan: `p${number % 3}` } });
    await this.#post('/api/add_account_properties', {
      account_id: `account-${number % 7}`,
      properties: { seats: number },
    });
  }

  async #probe(): Promise<void> {
    for (let number = 0; this.#isRunning; number += 1) {
      const device = FIRST_PROBE + number;
      const event = { type: 'custom', name: 'Probe', user_id: String(device), timestamp: Date.now() };
      if (await this.#post('/v1/capture', { library: 'web', events: [event] }))
        this.#probes.set(device, performance.now());
      await pause(PROBE_EVERY_MS);
    }
  }

  async #lookForProbes(): Promise<void> {
    const { clickhouse } = this.#options;
    while (this.#isRunning || this.#probes.size > 0) {
      await pause(LOOK_EVERY_MS);
      if (this.#probes.size === 0) continue;
      const sql = `SELECT device_id FROM cairn.resolved_events
WHERE environment = 1 AND event_table_name = 'probe' AND device_id IN (${[...this.#probes.keys()].join(', ')})`;
      const found = await this.#ask(() => clickhouse.query<{ device_id: string }>(sql));
      for (const { device_id } of found) {
        const acknowledgedAt = this.#probes.get(Number(device_id));
        if (acknowledgedAt === undefined) continue;
        this.#probes.delete(Number(device_id));
        this.#figures.queryableMs.push(performance.now() - acknowledgedAt);
      }
    }
  }

  async #read(): Promise<void> {
    const { clickhouse, database } = this.#options;
    for (let number = 0; this.#isRunning; number += 1) {
      const view = VIEWS[number % VIEWS.length] as string;
      const [row] = await this.#ask(() =>
        clickhouse.query<{ rows: string }>(`SELECT count() AS rows FROM ${database}.${view}`),
      );
      if (row !== undefined && EVENT_VIEWS.includes(view)) {
        const rows = Number(row.rows);
        this.#figures.fewerRows = Math.max(this.#figures.fewerRows, (this.#rows.get(view) ?? 0) - rows);
        this.#rows.set(view, rows);
      }
      await pause(READ_EVERY_MS);
    }
  }

  async #ask<Row>(query: () => Promise<Row[]>): Promise<Row[]> {
    this.#figures.reads += 1;
    try {
      return await query();
    } catch (error) {
      this.#figures.readerErrors += 1;
      if (this.#figures.firstErrors.length < NAMED_ERRORS)
        this.#figures.firstErrors.push((error as Error).message);
      return [];
    }
  }

  async #post(path: string, body: object): Promise<boolean> {
    const isTaken = await post(this.#options.collectorUrl, path, body);
    if (!isTaken) this.#figures.refusedRequests += 1;
    return isTaken;
  }
}

/** Identifies some devices, and sets properties of their users and of accounts. */
export async function sendPeople(collectorUrl: string, people: number, devices: number): Promise<void> {
  const numbers = Array.from({ length: people }, (_, index) => index);
  const send = async (path: string, body: object) => {
    while (!(await post(collectorUrl, path, body))) await pause(PROBE_EVERY_MS);
  };
  for (let at = 0; at < people; at += PEOPLE_AT_ONCE) {
    const some = numbers.slice(at, at + PEOPLE_AT_ONCE);
    const identity = (number: number) => `person-${number % Math.ceil(people / 2)}@shop.example`;
    await Promise.all(
      some.map((number) =>
        send('/api/v1/identify', {
          user_id: String(1 + ((number * 7919) % devices)),
          identity: identity(number),
        }),
      ),
    );
    const users = some.map((number) => ({
      identity: identity(number),
      properties: { plan: `p${number % 3}` },
    }));
    await send('/api/add_user_properties', { users });
    const accounts = some.map((number) => ({
      account_id: `account-${number}`,
      properties: { seats: number },
    }));
    await send('/api/add_account_properties', { accounts });
  }
}

const PEOPLE_AT_ONCE = 50;

/** Whether the collector took it; false also where no answer came. */
async function post(collectorUrl: string, path: string, body: object): Promise<boolean> {
  try {
    const response = await fetch(new URL(path, collectorUrl), {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'user-agent': BROWSER },
      body: JSON.stringify({ app_id: '11', ...body }),
    });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}

function noFigures(): TrafficFigures {
  return {
    acknowledgeMs: [],
    queryableMs: [],
    sentEvents: 0,
    refusedRequests: 0,
    reads: 0,
    readerErrors: 0,
    firstErrors: [],
    fewerRows: 0,
  };
}
