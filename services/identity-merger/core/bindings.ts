/**
 * Which user each anonymous id is bound to: a star, never a chain, since every id of an identity maps
 * straight to the identity's canonical user id. The first binding of an id stays (Heap: one identity per
 * user id; the second is dropped).
 */
export class Bindings {
  readonly #byEnvironment = new Map<number, Map<number, number>>();

  /** User an id is bound to; undefined where it is not. */
  userOf(environment: number, deviceId: number): number | undefined {
    return this.#byEnvironment.get(environment)?.get(deviceId);
  }

  bind(environment: number, deviceId: number, userId: number): void {
    const ids = this.#byEnvironment.get(environment);
    if (ids !== undefined) ids.set(deviceId, userId);
    else this.#byEnvironment.set(environment, new Map([[deviceId, userId]]));
  }

  /** Every binding as three numbers: environment, device, user. */
  toNumbers(): Float64Array {
    let count = 0;
    for (const ids of this.#byEnvironment.values()) count += ids.size;
    const numbers = new Float64Array(3 * count);
    let at = 0;
    for (const [environment, ids] of this.#byEnvironment) {
      for (const [deviceId, userId] of ids) {
        numbers[at] = environment;
        numbers[at + 1] = deviceId;
        numbers[at + 2] = userId;
        at += 3;
      }
    }
    return numbers;
  }

  /** Forgets a binding: its person was erased. */
  unbind(environment: number, deviceId: number): void {
    this.#byEnvironment.get(environment)?.delete(deviceId);
  }
}
