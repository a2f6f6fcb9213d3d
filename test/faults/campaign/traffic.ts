import { canonicalUserId } from '#schemas/ids.ts';
import type { Random } from '../../../cli/demo/random.ts';
import type { Ledger, SentChange, SentEvent, SentIdentify } from './ledger.ts';

/** One request of a client, with what it says in the ledger's terms. */
export type ClientRequest = {
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
  /** It has idempotency keys, or repeating it changes nothing: sent again until it is acknowledged. */
  readonly repeats: boolean;
  readonly entries: readonly { acknowledged: boolean }[];
};

const APP_ID = '11';
const ENVIRONMENT = 1;
const DAY_MS = 24 * 60 * 60 * 1000;
const NAMES = ['soak view', 'soak click', 'soak order'];
/** Devices that share an identity: below the ten of thirty days after which a server's binding does not count. */
const DEVICES_OF_IDENTITY = 3;

/** A device and the server that knows its user, as a source of requests. Each is sent after the one before. */
export class Traffic {
  readonly #random: Random;
  readonly #ledger: Ledger;
  readonly #library: 'web' | 'ios';
  readonly #group: string;
  #deviceId = 0;
  #identity = '';
  #devices = 0;
  #sessionId: number | undefined;

  constructor(random: Random, ledger: Ledger, lane: number, round: string) {
    this.#random = random;
    this.#ledger = ledger;
    this.#library = random.pick(['web', 'ios']);
    this.#group = `person ${round} ${Math.floor(lane / DEVICES_OF_IDENTITY)}`;
    this.#changeDevice();
  }

  next(): ClientRequest {
    const random = this.#random;
    if (random.chance(0.1)) this.#sessionId = random.chance(0.5) ? random.id() : undefined;
    if (random.chance(0.05)) this.#changeDevice();
    return random.weighted<() => ClientRequest>([
      [() => this.#capture(), 10],
      [() => this.#track(true), 4],
      [() => this.#track(false), 3],
      [() => this.#trackBulk(), 3],
      [() => this.#identify(), 1],
      [() => this.#captureIdentify(), 1],
      [() => this.#properties(), 2],
    ])();
  }

  /** Another person on another device: there are new bindings all the time. */
  #changeDevice(): void {
    this.#devices += 1;
    this.#deviceId = this.#random.id();
    this.#identity = `${this.#group} ${this.#devices}`;
  }

  #capture(): ClientRequest {
    const entries: SentEvent[] = [];
    const events = Array.from({ length: this.#random.int(1, 12) }, () => {
      const entry = this.#event(this.#deviceId, undefined, this.#library, this.#sessionId);
      entries.push(entry);
      return {
        type: 'custom',
        name: entry.name,
        idempotency_key: `${entry.n}`,
        timestamp: this.#time(),
        properties: { n: entry.n },
      };
    });
    return { path: '/v1/capture', body: this.#captureBody(events), repeats: true, entries };
  }

  /** Without a key the client must not send again: then the event is there at most once, and once if acknowledged. */
  #track(hasKey: boolean): ClientRequest {
    const { entry, row } = this.#serverEvent(hasKey);
    return { path: '/api/track', body: { app_id: APP_ID, ...row }, repeats: hasKey, entries: [entry] };
  }

  /** Of several devices, so of several partitions: a part of it may be in the log and the rest not. */
  #trackBulk(): ClientRequest {
    const rows = Array.from({ length: this.#random.int(2, 30) }, () => this.#serverEvent(true));
    const body = { app_id: APP_ID, events: rows.map(({ row }) => row) };
    return { path: '/api/track', body, repeats: true, entries: rows.map(({ entry }) => entry) };
  }

  #serverEvent(hasKey: boolean): { entry: SentEvent; row: Record<string, unknown> } {
    const byIdentity = this.#random.chance(0.5);
    const deviceId = byIdentity ? canonicalUserId(ENVIRONMENT, this.#identity) : this.#random.id();
    const entry = this.#event(deviceId, byIdentity ? this.#identity : undefined, 'server', undefined);
    const row = {
      event: entry.name,
      timestamp: this.#time(),
      properties: { n: entry.n },
      ...(byIdentity ? { identity: this.#identity } : { user_id: String(deviceId) }),
      ...(hasKey && { idempotency_key: `${entry.n}` }),
    };
    return { entry, row };
  }

  #identify(): ClientRequest {
    const body = { app_id: APP_ID, user_id: String(this.#deviceId), identity: this.#identity };
    return { path: '/api/v1/identify', body, repeats: true, entries: [this.#binding()] };
  }

  #captureIdentify(): ClientRequest {
    const body = this.#captureBody([{ type: 'identify', identity: this.#identity }]);
    return { path: '/v1/capture', body, repeats: true, entries: [this.#binding()] };
  }

  #properties(): ClientRequest {
    const byServer = this.#random.chance(0.5);
    const entries = Array.from({ length: this.#random.int(1, 5) }, (): SentChange => {
      const deviceId = byServer ? canonicalUserId(ENVIRONMENT, this.#identity) : this.#deviceId;
      const entry = { n: this.#ledger.nextNumber(), deviceId, acknowledged: false };
      this.#ledger.changes.set(entry.n, entry);
      return entry;
    });
    const properties = entries.map(({ n }) => ({ properties: { n } }));
    if (!byServer) {
      const events = properties.map((row) => ({ type: 'user_properties', ...row }));
      return { path: '/v1/capture', body: this.#captureBody(events), repeats: true, entries };
    }
    const users = properties.map((row) => ({ identity: this.#identity, ...row }));
    return { path: '/api/add_user_properties', body: { app_id: APP_ID, users }, repeats: true, entries };
  }

  #event(
    deviceId: number,
    identity: string | undefined,
    source: string,
    sessionId: number | undefined,
  ): SentEvent {
    const n = this.#ledger.nextNumber();
    const name = this.#random.pick(NAMES);
    const event: SentEvent = { n, name, deviceId, identity, source, sessionId, acknowledged: false };
    this.#ledger.events.set(n, event);
    return event;
  }

  #binding(): SentIdentify {
    const entry = { deviceId: this.#deviceId, identity: this.#identity, acknowledged: false };
    this.#ledger.identifies.push(entry);
    return entry;
  }

  /** Mostly now; some months back, so that one insert goes into several partitions of a table. */
  #time(): number {
    const ageMs = this.#random.chance(0.2) ? this.#random.int(1, 100) * DAY_MS : this.#random.int(0, 3000);
    return Date.now() - ageMs;
  }

  #captureBody(events: readonly object[]): Record<string, unknown> {
    return {
      app_id: APP_ID,
      user_id: String(this.#deviceId),
      library: this.#library,
      ...(this.#sessionId !== undefined && { session_id: String(this.#sessionId) }),
      events,
    };
  }
}
