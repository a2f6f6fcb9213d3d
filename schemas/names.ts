import { hash } from 'node:crypto';

/** Longest table or column name that is kept whole. */
const MAX_NAME_LENGTH = 120;

/** Characters kept of a name that gets a hash. */
const KEPT_LENGTH = 100;

/** Table of pageviews in a readers' database, and the `event_table_name` of their rows. */
export const PAGEVIEWS_TABLE = 'pageviews';

/** Names in a readers' database that no event's table may take. */
export const RESERVED_TABLES: ReadonlySet<string> = new Set([
  'users',
  'accounts',
  'account_events',
  'joint_sessions',
  'joint_session_events',
  'sessions',
  PAGEVIEWS_TABLE,
  'all_events',
  'user_migrations',
  '_sync_info',
  '_sync_history',
  '_event_metadata',
]);

/**
 * Heap Connect's rule for names: lower case, each run of other characters becomes one `_`. A name that is
 * nothing but `_`, longer than 120 characters or reserved becomes its first 100 characters, `_` and the first
 * 8 hex digits of the SHA-256 of the name as sent.
 */
function warehouseName(name: string, reserved: (normalized: string) => boolean): string {
  const normalized = name.toLowerCase().replace(/[^a-z0-9]+/g, '_');
  const usable = normalized.length <= MAX_NAME_LENGTH && !/^_*$/.test(normalized) && !reserved(normalized);
  if (usable) return normalized;
  return `${normalized.slice(0, KEPT_LENGTH)}_${hash('sha256', name, 'hex').slice(0, 8)}`;
}

/** Table of a custom event or an autocapture kind. Different names may share one table. */
export function tableName(eventName: string): string {
  return warehouseName(eventName, (name) => RESERVED_TABLES.has(name));
}

/** Column of a property, before built-in columns of its table are looked at. */
export function columnName(propertyName: string): string {
  return warehouseName(propertyName, () => false);
}

/**
 * Whether ClickHouse can read a property of a JSON column by its name: not where it is empty, and not where a backtick
 * follows `:`, `^` or `@`, which is its own syntax for the type of a path and for what lies below it.
 */
export function isAddressable(propertyName: string): boolean {
  return propertyName !== '' && !/[:^@]`/.test(propertyName);
}

/** `event_table_name` of an event: a pageview is one by its name and Heap's type, anything else has a table of its own name. */
export function eventTableName(name: string, type: string): string {
  return name === 'pageview' && type === 'view page' ? PAGEVIEWS_TABLE : tableName(name);
}
