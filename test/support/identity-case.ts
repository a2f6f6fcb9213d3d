import assert from 'node:assert/strict';
import { canonicalUserId } from '#schemas/ids.ts';
import { SwiftClient, type SwiftClientOptions } from '../conformance/swift-client.ts';
import type { WholeStack } from './whole-stack.ts';

/** Which API a case speaks: that of servers (Heap's), or that of browsers and apps. */
export type Way = 'server' | 'client';

export type EventFields = {
  /** ISO 8601; default: now. */
  readonly time?: string;
  readonly session?: number;
  /** What a client says of itself beside its user id. */
  readonly identity?: string;
};

const IDS_PER_CASE = 1000;
const APP_ID = '11';
/** Sessions of a case have ids above its devices. */
const FIRST_SESSION = 500;

/**
 * One case of the identity table: ids and persons of its own, so that all cases share a stack. Devices are
 * numbered within the case, persons and events have labels.
 */
export class IdentityCase {
  readonly #stack: WholeStack;
  readonly #number: number;
  readonly way: Way;
  /** Each label of a person that was asked for. */
  readonly #labels = new Set<string>();

  constructor(stack: WholeStack, number: number, way: Way) {
    this.#stack = stack;
    this.#number = number;
    this.way = way;
  }

  /** Anonymous id of a device of the case. */
  device(index: number): number {
    return IDS_PER_CASE * this.#number + index;
  }

  /** Identity of a person. */
  identity(label: string): string {
    this.#labels.add(label);
    return `${label} of case ${this.#number}`;
  }

  /** User id of a person. */
  user(label: string): number {
    return canonicalUserId(1, this.identity(label));
  }

  /** An event of an anonymous id, over the API of the case. */
  async event(device: number, label: string, { time, session, identity }: EventFields = {}): Promise<void> {
    const properties = { case: `${this.#number}`, label };
    const common = { app_id: APP_ID, user_id: String(device), ...(session && { session_id: `${session}` }) };
    if (this.way === 'server')
      return this.#accepted('/api/track', { ...common, event: 'Step', properties, timestamp: time });
    const event = { type: 'custom', name: 'Step', properties, timestamp: time };
    return this.#accepted('/v1/capture', { ...common, identity, events: [event] });
  }

  /** An event that a server sends of a person. */
  serverEvent(identity: string, label: string): Promise<void> {
    const properties = { case: `${this.#number}`, label };
    return this.#accepted('/api/track', { app_id: APP_ID, identity, event: 'Step', properties });
  }

  /** An identify over the API of the case. */
  async identify(device: number, identity: string, time?: string): Promise<void> {
    const { status, body } = await this.tryIdentify(device, identity, time);
    assert.deepEqual({ status, body }, { status: 200, body: {} });
  }

  tryIdentify(device: number, identity: unknown, time?: string) {
    const common = { app_id: APP_ID, user_id: String(device) };
    return this.way === 'server'
      ? this.#stack.post('/api/v1/identify', { ...common, identity, timestamp: time })
      : this.#stack.post('/v1/capture', {
          ...common,
          events: [{ type: 'identify', identity, timestamp: time }],
        });
  }

  /** Sets properties of a device's user, or of a person. */
  setProperties(who: number | string, properties: object): Promise<void> {
    if (typeof who === 'string')
      return this.#accepted('/api/add_user_properties', { app_id: APP_ID, identity: who, properties });
    return this.#accepted('/v1/capture', {
      app_id: APP_ID,
      user_id: String(who),
      events: [{ type: 'user_properties', properties }],
    });
  }

  async #accepted(path: string, body: object): Promise<void> {
    assert.deepEqual(await this.#stack.post(path, body), { status: 200, body: {} });
  }

  get #isOwnDevice(): string {
    return `BETWEEN ${this.device(0)} AND ${this.device(IDS_PER_CASE - 1)}`;
  }

  /** Whose each event is, by the event's label. */
  async owners(): Promise<Record<string, number>> {
    const rows = await this.#stack.rows<{ label: string; user_id: number }>(
      `SELECT toString(properties.label) AS label, user_id FROM main_production.all_events
WHERE name = 'Step' AND toString(properties.case) = '${this.#number}'`,
    );
    assert.equal(new Set(rows.map(({ label }) => label)).size, rows.length, 'each event is there once');
    return Object.fromEntries(rows.map(({ label, user_id }) => [label, user_id]));
  }

  /** Rows of `users` of the case's devices and persons: identity by user id. */
  async users(): Promise<Record<number, string | null>> {
    const persons = [0, ...[...this.#labels].map((label) => this.user(label))];
    const rows = await this.#stack.rows<{ user_id: number; identity: string | null }>(
      `SELECT user_id, identity FROM main_production.users
WHERE user_id ${this.#isOwnDevice} OR user_id IN (${persons.join(', ')})`,
    );
    assert.equal(new Set(rows.map(({ user_id }) => user_id)).size, rows.length, 'each user is there once');
    return Object.fromEntries(rows.map(({ user_id, identity }) => [user_id, identity]));
  }

  /** Rows of `user_migrations` of the case's devices: user by device. */
  async migrations(): Promise<Record<number, number>> {
    const rows = await this.#stack.rows<{ from_user_id: number; to_user_id: number }>(
      `SELECT from_user_id, to_user_id FROM main_production.user_migrations WHERE from_user_id ${this.#isOwnDevice}`,
    );
    return Object.fromEntries(rows.map(({ from_user_id, to_user_id }) => [from_user_id, to_user_id]));
  }

  /** Rows of `sessions` of the case's devices: user, and how many events it has, in the order of their start. */
  async sessions(): Promise<[user: number, events: number][]> {
    const rows = await this.#stack.rows<{ user_id: number; event_count: number }>(
      `SELECT user_id, event_count FROM main_production.sessions WHERE device_id ${this.#isOwnDevice}
ORDER BY time, device_id`,
    );
    return rows.map(({ user_id, event_count }) => [user_id, event_count]);
  }

  /** What was ignored of the case's devices: device, identity and reason. */
  async ignored(): Promise<[device: number, identity: string, reason: string][]> {
    const records = await this.#stack.audit();
    return records
      .filter(({ user_id }) => Math.floor(user_id / IDS_PER_CASE) === this.#number)
      .map(({ user_id, identity, reason }) => [user_id, identity, reason]);
  }

  /** Why bindings of some devices do not count. */
  async reasons(...devices: readonly number[]): Promise<Record<number, string>> {
    const rows = await this.#stack.rows<{ from_user_id: number; reason: string }>(
      `SELECT from_user_id, reason FROM cairn.user_migrations FINAL
WHERE generation = 1 AND environment = 1 AND counts = 0 AND from_user_id IN (${devices.join(', ')})`,
    );
    return Object.fromEntries(rows.map(({ from_user_id, reason }) => [from_user_id, reason]));
  }

  /** A client that behaves as Heap's Swift SDK: its users are devices 1, 2, …, its sessions 501, 502, … of the case. */
  swiftClient(options: Pick<SwiftClientOptions, 'clearEventPropertiesOnNewUser'> = {}): SwiftClient {
    let users = 0;
    let sessions = FIRST_SESSION;
    return new SwiftClient({
      ...options,
      post: (path, body) => this.post(path, body),
      nextUserId: () => this.device(++users),
      nextSessionId: () => this.device(++sessions),
    });
  }

  /** Properties of an event of a client: they lead back to it. */
  labelled(label: string): { case: string; label: string } {
    return { case: `${this.#number}`, label };
  }

  /** Sessions of the case's clients: which it was of the case, whose, from when, and how many events. */
  async visits(): Promise<[session: number, user: number, startedMs: number, events: number][]> {
    const rows = await this.#stack.rows<{
      session_id: number;
      user_id: number;
      at: number;
      event_count: number;
    }>(
      `SELECT session_id, user_id, toUnixTimestamp64Milli(time) AS at, event_count FROM main_production.sessions
WHERE device_id ${this.#isOwnDevice} ORDER BY session_id`,
    );
    return rows.map((row) => [
      row.session_id - this.device(FIRST_SESSION),
      row.user_id,
      row.at,
      row.event_count,
    ]);
  }

  post(path: string, body: object) {
    return this.#stack.post(path, { app_id: APP_ID, ...body });
  }

  rows<Row>(sql: string): Promise<Row[]> {
    return this.#stack.rows(sql);
  }
}

/** A row of the case table: over which APIs it goes, what it sends, and what is asked when all of it is loaded. */
export type TableRow = {
  readonly name: string;
  readonly ways: readonly Way[];
  send(own: IdentityCase): Promise<void>;
  check(own: IdentityCase): Promise<void>;
};
