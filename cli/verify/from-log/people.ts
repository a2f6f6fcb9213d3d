import { DEFAULT_ENVIRONMENTS, type Environment, identifyLimitOf } from '#lib/config/environments.ts';
import { canonicalUserId } from '#schemas/ids.ts';
import type { Migration, Session } from '#schemas/types.ts';
import { type Binding, countBindings, type Reason } from '../../../services/loader/core/bindings.ts';
import { IdMap } from './id-map.ts';
import type { FoldedRecords, LogRow } from './partition-fold.ts';
import { readProperties } from './row-text.ts';

/** Place of a property change among all of a user's: (time, receive time, partition, offset), the last one counts. */
export type WriteOrder = readonly [timeMs: number, receivedMs: number, partition: number, offset: number];

export type Write = { readonly order: WriteOrder; readonly value: string | number | boolean };

export type Device = {
  firstSeenMs: number;
  /** Where the device is the canonical id of an identity that a record named alone. */
  identity: string;
  /** Events, not counting property changes. */
  events: number;
  /** Receive time of the last property change; 0 = none. */
  changedAtMs: number;
  /** Last write of each property; undefined until there is one. */
  writes: Map<string, Write> | undefined;
  /** Its earliest session, or part of one; undefined where it has none. */
  initial: Session | undefined;
};

export type JudgedBinding = {
  readonly binding: Migration;
  readonly counts: boolean;
  readonly reason: Reason;
};

/** Two identities that have one canonical user id: the hash has 53 bits. */
export type Collision = {
  readonly environment: number;
  readonly userId: number;
  readonly identities: readonly string[];
};

/** Everything the log says about devices, identities and properties, over all partitions. */
export class People {
  readonly #environments: readonly Environment[];
  readonly devices = new IdMap<Device>();
  readonly bindings = new IdMap<Migration>();
  /** Last write of each property of an account, by environment and account id. */
  readonly accounts = new Map<number, Map<string, Map<string, Write>>>();
  /** An identity of each canonical id. */
  readonly #identities = new IdMap<string>();
  readonly #collisions = new IdMap<Set<string>>();

  /** Environments say what the server's identify may bind. */
  constructor(environments: readonly Environment[] = DEFAULT_ENVIRONMENTS) {
    this.#environments = environments;
  }

  add({ events, userChanges, accountChanges, bindings }: FoldedRecords, partition: number): void {
    for (const { record } of events) this.#see(record).events += 1;
    for (const change of userChanges) this.#write(this.#see(change.record), change, partition);
    for (const change of accountChanges) {
      const { environment, account_id } = change.record;
      const ofEnvironment = this.accounts.getOrInsertComputed(environment, () => new Map());
      noteWrites(
        ofEnvironment.getOrInsertComputed(account_id, () => new Map()),
        change,
        partition,
      );
    }
    for (const binding of bindings) {
      this.bindings.set(binding.environment, binding.from_user_id, binding);
      this.#name(binding.environment, binding.to_user_id, binding.identity);
    }
  }

  /** Takes note of the final row of a session, of a device whose events are there already. */
  addSession(session: Session): void {
    if (session.merged_into !== 0) return;
    const device = this.devices.get(session.environment, session.device_id);
    if (device !== undefined) device.initial = earlier(device.initial, session);
  }

  #see({ environment, device_id, time, identity }: LogRow['record']): Device {
    const device = this.devices.getOrInsert(environment, device_id, () => ({
      firstSeenMs: time,
      identity: '',
      events: 0,
      changedAtMs: 0,
      writes: undefined,
      initial: undefined,
    }));
    device.firstSeenMs = Math.min(device.firstSeenMs, time);
    if (identity === '' || identity === device.identity) return device;
    if (canonicalUserId(environment, identity) !== device_id) return device;
    this.#name(environment, device_id, identity);
    device.identity = largest(device.identity, identity);
    return device;
  }

  #write(device: Device, change: LogRow, partition: number): void {
    device.changedAtMs = Math.max(device.changedAtMs, change.record.received_at);
    device.writes ??= new Map();
    noteWrites(device.writes, change, partition);
  }

  #name(environment: number, id: number, identity: string): void {
    const known = this.#identities.getOrInsert(environment, id, () => identity);
    if (known === identity) return;
    this.#collisions.getOrInsert(environment, id, () => new Set([known])).add(identity);
  }

  collisions(): Collision[] {
    return [...this.#collisions.entries()].map(([environment, userId, identities]) => ({
      environment,
      userId,
      identities: [...identities],
    }));
  }

  /** Which bindings count, by the rule of the loader's core over all bindings at once. */
  judge(): IdMap<JudgedBinding> {
    const judged = new IdMap<JudgedBinding>();
    for (const environment of this.bindings.environments()) {
      const own = [...this.bindings.of(environment).values()];
      const rules: Binding[] = own.map(({ from_user_id, to_user_id, bound_at, source }) => ({
        fromUserId: from_user_id,
        toUserId: to_user_id,
        boundAtMs: bound_at,
        source,
      }));
      const canonical = new Set(this.#identities.of(environment).keys());
      countBindings(rules, canonical, identifyLimitOf(this.#environments, environment)).forEach(
        ({ counts, reason }, at) => {
          const binding = own[at]!;
          judged.set(environment, binding.from_user_id, { binding, counts, reason });
        },
      );
    }
    return judged;
  }
}

function noteWrites(writes: Map<string, Write>, { offset, record }: LogRow, partition: number): void {
  const order: WriteOrder = [record.time, record.received_at, partition, offset];
  for (const [name, value] of readProperties(record.properties)) {
    const known = writes.get(name);
    if (known === undefined || isLater(order, known.order)) writes.set(name, { order, value });
  }
}

/** The session that started first; of two with one start, that of the smaller event id. */
export function earlier(one: Session | undefined, other: Session | undefined): Session | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return (other.started_at - one.started_at || other.event_id - one.event_id) < 0 ? other : one;
}

/** Greatest text by bytes, as ClickHouse's max() takes it. */
export function largest(left: string, right: string): string {
  return Buffer.compare(Buffer.from(left), Buffer.from(right)) < 0 ? right : left;
}

export function isLater(order: WriteOrder, than: WriteOrder): boolean {
  for (let at = 0; at < order.length; at += 1)
    if (order[at] !== than[at]) return (order[at] as number) > (than[at] as number);
  return false;
}
