import type { Session } from '#schemas/types.ts';
import { IdMap } from './id-map.ts';
import { earlier, isLater, type JudgedBinding, largest, type People, type Write } from './people.ts';

/** A user as the log says. */
export type User = {
  identity: string;
  joinedMs: number;
  /** Last moment anything about the user was learnt. */
  modifiedMs: number;
  /** Its earliest session; undefined where it has none. */
  initial: Session | undefined;
  /** Last write of each property over all of the user's devices. */
  readonly writes: Map<string, Write>;
};

/** Who a device is: its identity's user where its binding counts, else itself. */
export function resolve(judged: IdMap<JudgedBinding>, environment: number, deviceId: number): number {
  const own = judged.get(environment, deviceId);
  return own?.counts === true ? own.binding.to_user_id : deviceId;
}

/**
 * Every user there is: of each device that was seen and each binding. Bindings date a user by the time of their
 * identify and count as a change when they were received.
 */
export function usersOf({ devices }: People, judged: IdMap<JudgedBinding>): IdMap<User> {
  const users = new IdMap<User>();
  const userOf = (environment: number, id: number, seenMs: number) => {
    const user = users.getOrInsert(environment, id, () => ({
      identity: '',
      joinedMs: seenMs,
      modifiedMs: 0,
      initial: undefined,
      writes: new Map(),
    }));
    user.joinedMs = Math.min(user.joinedMs, seenMs);
    return user;
  };
  for (const [environment, id, device] of devices.entries()) {
    const user = userOf(environment, resolve(judged, environment, id), device.firstSeenMs);
    user.identity = largest(user.identity, device.identity);
    user.initial = earlier(user.initial, device.initial);
    for (const [name, write] of device.writes ?? []) {
      const known = user.writes.get(name);
      if (known === undefined || isLater(write.order, known.order)) user.writes.set(name, write);
    }
  }
  // A user is as new as the first sight of it through any device, before bindings are looked at.
  for (const [, , user] of users.entries()) user.modifiedMs = user.joinedMs;
  for (const [environment, id, { changedAtMs }] of devices.entries()) {
    const user = users.get(environment, resolve(judged, environment, id))!;
    user.modifiedMs = Math.max(user.modifiedMs, changedAtMs);
  }
  for (const [environment, from, { binding, counts }] of judged.entries()) {
    const user = userOf(environment, counts ? binding.to_user_id : from, binding.time);
    if (counts) user.identity = largest(user.identity, binding.identity);
    user.modifiedMs = Math.max(user.modifiedMs, binding.bound_at);
  }
  return users;
}
