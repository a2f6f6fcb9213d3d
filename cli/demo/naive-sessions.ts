import type { LedgerEvent } from './ledger.ts';

const MINUTE_MS = 60_000;

/** Inactivity after which a device's next client event starts another session: strictly more than this. */
const GAP_MS: Readonly<Record<string, number>> = {
  web: 30 * MINUTE_MS,
  ios: 5 * MINUTE_MS,
  android: 5 * MINUTE_MS,
};

export type SessionCount = {
  /** Sessions numbered by clients: pairs of device and session id. */
  readonly client: number;
  /** Sessions formed from gaps in event time, web and mobile. */
  readonly gapWeb: number;
  readonly gapMobile: number;
};

/** Counts sessions by sorting each device's client events by time. A device either numbers its sessions or does not. */
export function countSessions(events: readonly LedgerEvent[]): SessionCount {
  const numbered = new Set<string>();
  const devices = new Map<string, LedgerEvent[]>();
  for (const event of events) {
    if (event.source === 'server') continue;
    if (event.sessionId !== undefined) numbered.add(`${event.who} ${event.sessionId}`);
    else devices.getOrInsertComputed(event.who, () => []).push(event);
  }
  let gapWeb = 0;
  let gapMobile = 0;
  for (const list of devices.values()) {
    list.sort((a, b) => a.at - b.at);
    const gapMs = GAP_MS[list[0]!.source]!;
    const starts = list.filter((event, n) => n === 0 || event.at - list[n - 1]!.at > gapMs).length;
    if (list[0]!.source === 'web') gapWeb += starts;
    else gapMobile += starts;
  }
  return { client: numbered.size, gapWeb, gapMobile };
}
