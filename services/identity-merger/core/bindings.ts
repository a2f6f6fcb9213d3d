/** An empty place, and a user id that no binding has: ids are at least 0. */
const FREE = -1;
const UNBOUND = -2;
const FIRST_PLACES = 1024;

/**
 * Which user each anonymous id is bound to: a star, never a chain, since every id of an identity maps
 * straight to the identity's canonical user id. The first binding of an id stays (Heap: one identity per
 * user id; the second is dropped).
 */
export class Bindings {
  readonly #byEnvironment = new Map<number, UsersOfDevices>();

  /** User an id is bound to; undefined where it is not. */
  userOf(environment: number, deviceId: number): number | undefined {
    return this.#byEnvironment.get(environment)?.get(deviceId);
  }

  bind(environment: number, deviceId: number, userId: number): void {
    let users = this.#byEnvironment.get(environment);
    if (users === undefined) {
      users = new UsersOfDevices();
      this.#byEnvironment.set(environment, users);
    }
    users.set(deviceId, userId);
  }

  /** Every binding as three numbers: environment, device, user. */
  toNumbers(): Float64Array {
    let count = 0;
    for (const users of this.#byEnvironment.values()) count += users.size;
    const numbers = new Float64Array(3 * count);
    let at = 0;
    for (const [environment, users] of this.#byEnvironment) {
      users.forEach((deviceId, userId) => {
        numbers[at] = environment;
        numbers[at + 1] = deviceId;
        numbers[at + 2] = userId;
        at += 3;
      });
    }
    return numbers;
  }

  /** Forgets a binding: its person was erased. */
  unbind(environment: number, deviceId: number): void {
    this.#byEnvironment.get(environment)?.delete(deviceId);
  }
}

/**
 * Pairs of ids in an open-addressing table: 16 bytes a place and at most three quarters of the places taken, so a
 * million bindings take 32 MB and no garbage collection. One that was forgotten keeps its place until the table grows.
 */
class UsersOfDevices {
  #devices = new Float64Array(FIRST_PLACES).fill(FREE);
  #users = new Float64Array(FIRST_PLACES);
  #taken = 0;
  #forgotten = 0;

  get size(): number {
    return this.#taken - this.#forgotten;
  }

  get(deviceId: number): number | undefined {
    const at = this.#find(deviceId);
    const userId = this.#users[at] as number;
    return this.#devices[at] === FREE || userId === UNBOUND ? undefined : userId;
  }

  set(deviceId: number, userId: number): void {
    let at = this.#find(deviceId);
    if (this.#devices[at] === FREE) {
      if (4 * (this.#taken + 1) > 3 * this.#devices.length) {
        this.#grow();
        at = this.#find(deviceId);
      }
      this.#devices[at] = deviceId;
      this.#taken += 1;
    } else if (this.#users[at] === UNBOUND) {
      this.#forgotten -= 1;
    }
    this.#users[at] = userId;
  }

  delete(deviceId: number): void {
    const at = this.#find(deviceId);
    if (this.#devices[at] === FREE || this.#users[at] === UNBOUND) return;
    this.#users[at] = UNBOUND;
    this.#forgotten += 1;
  }

  forEach(use: (deviceId: number, userId: number) => void): void {
    this.#devices.forEach((deviceId, at) => {
      const userId = this.#users[at] as number;
      if (deviceId !== FREE && userId !== UNBOUND) use(deviceId, userId);
    });
  }

  /** Where a device is, or the free place where it belongs. */
  #find(deviceId: number): number {
    const mask = this.#devices.length - 1;
    // Ids may be consecutive numbers as well as hashes: both halves are mixed.
    const low = ((deviceId % 2 ** 32) | 0) ^ Math.imul((deviceId / 2 ** 32) | 0, 0x9e37_79b1);
    const mixed = Math.imul(low ^ (low >>> 16), 0x85eb_ca6b);
    for (let at = (mixed ^ (mixed >>> 15)) & mask; ; at = (at + 1) & mask) {
      const found = this.#devices[at];
      if (found === deviceId || found === FREE) return at;
    }
  }

  #grow(): void {
    const [devices, users] = [this.#devices, this.#users];
    // Where most of them were forgotten, as many places hold the rest.
    const places = 2 * this.size > this.#taken ? 2 * devices.length : devices.length;
    this.#devices = new Float64Array(places).fill(FREE);
    this.#users = new Float64Array(places);
    this.#taken = 0;
    this.#forgotten = 0;
    devices.forEach((deviceId, at) => {
      const userId = users[at] as number;
      if (deviceId !== FREE && userId !== UNBOUND) this.set(deviceId, userId);
    });
  }
}
