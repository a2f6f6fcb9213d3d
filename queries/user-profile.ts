import type {
  BindingRow,
  DeviceActivityRow,
  LogPlace,
  PropertyWriteRow,
  SeenDeviceRow,
} from '#queries/user.ts';

/** Position in the log: topic events.collected. */
export type Place = { readonly partition: number; readonly offset: number };

/** Who somebody is and why. Times are ISO 8601 in UTC. */
export type UserProfile = {
  readonly userId: number;
  readonly identities: readonly string[];
  readonly firstSeen: string | null;
  readonly lastSeen: string | null;
  readonly events: number;
  /** All of them, of which the latest are listed. */
  readonly deviceCount: number;
  readonly devices: readonly DeviceProfile[];
  readonly mergeCount: number;
  readonly merges: readonly Merge[];
  readonly properties: readonly PropertyInForce[];
};

export type DeviceProfile = {
  readonly deviceId: number;
  readonly firstSeen: string;
  readonly lastSeen: string;
  readonly sources: readonly string[];
  readonly platform: string | null;
  readonly events: number;
};

export type Merge = {
  readonly deviceId: number;
  readonly userId: number;
  readonly identity: string;
  /** Time that the identify names, and when it was received. */
  readonly time: string;
  readonly boundAt: string;
  readonly source: string;
  readonly eventId: number;
  readonly place: Place;
  readonly counts: boolean;
  /** Why it does not count. */
  readonly reason: string | null;
};

export type PropertyInForce = {
  readonly name: string;
  readonly value: PropertyValue;
  readonly time: string;
  readonly receivedAt: string;
  readonly deviceId: number;
  readonly source: string;
  readonly eventId: number;
  readonly place: Place;
  /** The last other value, and when it was set. */
  readonly replaced: { readonly value: PropertyValue; readonly time: string } | null;
};

export type PropertyValue = string | number | boolean;

export type ProfileRows = {
  readonly userId: number;
  /** Binding of the id that was asked about. */
  readonly asked: BindingRow | undefined;
  readonly bindings: readonly BindingRow[];
  readonly seen: readonly SeenDeviceRow[];
  readonly activity: readonly DeviceActivityRow[];
  /** Of each property the write in force, then the one of the last other value. */
  readonly writes: readonly PropertyWriteRow[];
};

/** Puts the answers of all questions about a user together; undefined where nothing is known of it. */
export function profileOf({
  userId,
  asked,
  bindings,
  seen,
  activity,
  writes,
}: ProfileRows): UserProfile | undefined {
  const ignored = asked !== undefined && asked.counts === 0 && asked.to_user_id !== userId ? [asked] : [];
  if (seen.length === 0 && bindings.length === 0 && ignored.length === 0) return undefined;
  const identities = [
    ...bindings.filter(({ counts }) => counts === 1).map(({ identity }) => identity),
    ...seen.map(({ identity }) => identity),
  ];
  const active = new Map(activity.map((row) => [row.device_id, row]));
  const [first] = seen;
  return {
    userId,
    identities: [...new Set(identities)].filter((identity) => identity !== '').sort(),
    firstSeen: first === undefined ? null : iso(first.firstOfAllMs),
    lastSeen: first === undefined ? null : iso(first.lastOfAllMs),
    events: activity[0]?.eventsOfAll ?? 0,
    deviceCount: first?.devices ?? 0,
    devices: seen.map((row) => ({
      deviceId: row.device_id,
      firstSeen: iso(row.firstSeenMs),
      lastSeen: iso(row.lastSeenMs),
      sources: active.get(row.device_id)?.sources ?? [],
      platform: active.get(row.device_id)?.platform || null,
      events: active.get(row.device_id)?.events ?? 0,
    })),
    mergeCount: (bindings[0]?.bindings ?? 0) + ignored.length,
    merges: [...ignored, ...bindings].map((row) => ({
      deviceId: row.from_user_id,
      userId: row.to_user_id,
      identity: row.identity,
      time: iso(row.timeMs),
      boundAt: iso(row.boundAtMs),
      source: row.source,
      eventId: row.event_id,
      place: placeOf(row),
      counts: row.counts === 1,
      reason: row.reason || null,
    })),
    properties: propertiesInForce(writes),
  };
}

/** Of writes by property, the newest first, the one that counts and the other value before it. */
export function propertiesInForce(writes: readonly PropertyWriteRow[]): PropertyInForce[] {
  return writes.flatMap((write, index) => {
    if (writes[index - 1]?.name === write.name) return [];
    const next = writes[index + 1];
    const replaced = next?.name === write.name ? next : undefined;
    return {
      name: write.name,
      value: asSent(write),
      time: iso(write.timeMs),
      receivedAt: iso(write.receivedAtMs),
      deviceId: write.device_id,
      source: write.source,
      eventId: write.event_id,
      place: placeOf(write),
      replaced: replaced === undefined ? null : { value: asSent(replaced), time: iso(replaced.timeMs) },
    };
  });
}

/** As it was sent. An integer that a JavaScript number cannot hold stays text. */
function asSent({ value, type }: PropertyWriteRow): PropertyValue {
  if (type === 'Bool') return value === 'true';
  if (!/^U?Int64$|^Float64$/.test(type)) return value;
  const number = Number(value);
  return type === 'Float64' || Number.isSafeInteger(number) ? number : value;
}

const iso = (ms: number) => new Date(ms).toISOString();
const placeOf = ({ origin_partition, origin_offset }: LogPlace): Place => ({
  partition: origin_partition,
  offset: origin_offset,
});
