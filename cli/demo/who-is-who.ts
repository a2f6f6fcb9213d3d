import type { Identify, Named } from './ledger.ts';

/** Anonymous ids that a server may bind to one identity within 30 days; later ones are ignored. */
const SERVER_BINDINGS = 10;

export type WhoIsWho = {
  /** The person behind a name: an identity's own name, or the device's where it belongs to nobody. */
  personOf(named: Named): Named;
  /** Devices bound to an identity, those that do not count included. */
  readonly bound: number;
  /** Identifies that said again what was known. */
  readonly repeated: number;
  /** Identifies that named a device of somebody else's. */
  readonly contradicted: number;
  /** Bindings beyond the server's limit. */
  readonly overLimit: number;
};

/** Resolves people from identifies in the order of arrival, all of them within 30 days: the first of a device counts. */
export function resolvePeople(identifies: readonly Identify[]): WhoIsWho {
  const identityOf = new Map<Named, string>();
  const byServer = new Map<string, number>();
  const beyond = new Set<Named>();
  let repeated = 0;
  let contradicted = 0;
  for (const { device, identity, byServer: server } of identifies) {
    const known = identityOf.get(device);
    if (known !== undefined) {
      if (known === identity) repeated += 1;
      else contradicted += 1;
      continue;
    }
    identityOf.set(device, identity);
    if (!server) continue;
    const count = (byServer.get(identity) ?? 0) + 1;
    byServer.set(identity, count);
    if (count > SERVER_BINDINGS) beyond.add(device);
  }
  return {
    personOf(named) {
      const identity = identityOf.get(named);
      return identity === undefined || beyond.has(named) ? named : `identity:${identity}`;
    },
    bound: identityOf.size,
    repeated,
    contradicted,
    overLimit: beyond.size,
  };
}
