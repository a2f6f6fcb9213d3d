/** A record of the log as the live page shows it. */
export type LiveRecord = {
  /** Topic, partition and offset. */
  readonly id: string;
  /** Receive time, ISO 8601. */
  readonly at: string;
  /** 0 where the record does not say. */
  readonly environment: number;
  readonly partition: number;
  readonly offset: number;
  /** `event`, `identify`, ...; empty where the record cannot be read. */
  readonly kind: string;
  /** Name of the event; empty where there is none. */
  readonly name: string;
  readonly source: string;
  /** Device the record is keyed by; 0 = none. */
  readonly deviceId: number;
  readonly identity: string;
  /** Every field that says something. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** Why a stage refused it; absent where none did. */
  readonly rejected?: {
    readonly stage: string;
    readonly code: string;
    readonly message: string;
    /** Where the stage read it: `topic-partition@offset`. */
    readonly place: string;
  };
};

export type LiveFilter = {
  /** Part of the event's name; empty = any. */
  readonly name: string;
  /** Whole device or user id, or part of an identity; empty = any. */
  readonly user: string;
  /** Part of anything in the record; empty = any. */
  readonly text: string;
  /** Only what was rejected, only what was taken, or both. */
  readonly show: 'all' | 'taken' | 'rejected';
};

/** Whether a record is wanted. Case does not count. */
export function passes(record: LiveRecord, { name, user, text, show }: LiveFilter): boolean {
  if (show !== 'all' && (show === 'rejected') !== (record.rejected !== undefined)) return false;
  if (name !== '' && !has(record.name, name)) return false;
  if (user !== '' && String(record.deviceId) !== user && !has(record.identity, user)) return false;
  return text === '' || has(JSON.stringify([record.name, record.kind, record.fields, record.rejected]), text);
}

function has(whole: string, part: string): boolean {
  return whole.toLowerCase().includes(part.toLowerCase());
}
