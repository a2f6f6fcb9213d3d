import { readHead } from '#schemas/collected-head.ts';
import { DecodeError } from '#schemas/framing.ts';
import { canonicalUserId } from '#schemas/ids.ts';
import { IdMap } from './id-map.ts';
import type { JudgedBinding } from './people.ts';
import { resolve } from './users.ts';

/** Whom some records are about: devices by their key, identities by name. */
export class Touched {
  readonly #devices = new IdMap<true>();
  /** Canonical ids of identities that were named. */
  readonly #identities = new IdMap<true>();

  /** Takes note of a record of the log; one that cannot be read is about nobody. */
  note(value: Buffer | null): void {
    try {
      const { environment, deviceId, identity } = readHead(value);
      this.#devices.set(environment, deviceId, true);
      if (identity !== '') this.#identities.set(environment, canonicalUserId(environment, identity), true);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
    }
  }

  isDevice(environment: number, deviceId: number): boolean {
    return this.#devices.has(environment, deviceId);
  }

  /**
   * Devices and users that may look otherwise by now. A verdict is about an identity's whole set of bindings, and
   * a device may have become known as canonical: where one binding of an identity may change, all may.
   */
  people(judged: IdMap<JudgedBinding>): IdMap<true> {
    const touched = new IdMap<true>();
    const identities = new IdMap<true>();
    for (const [environment, id] of this.#identities.entries()) {
      touched.set(environment, id, true);
      identities.set(environment, id, true);
    }
    for (const [environment, id] of this.#devices.entries()) {
      touched.set(environment, id, true);
      touched.set(environment, resolve(judged, environment, id), true);
    }
    for (const [environment, from, { binding }] of judged.entries())
      if (this.isDevice(environment, from) || this.#identities.has(environment, from))
        identities.set(environment, binding.to_user_id, true);
    for (const [environment, from, { binding }] of judged.entries()) {
      if (!identities.has(environment, binding.to_user_id)) continue;
      touched.set(environment, from, true);
      touched.set(environment, binding.to_user_id, true);
    }
    return touched;
  }
}
