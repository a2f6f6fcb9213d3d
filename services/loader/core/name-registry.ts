import type { Property } from './property-columns.ts';

export const SCOPES = ['event', 'event_property', 'user_property', 'account_property'] as const;
export type Scope = (typeof SCOPES)[number];

/** A row of `cairn.names`. */
export type NameRow = {
  readonly environment: number;
  readonly scope: Scope;
  /** Table of an event or of an event's property; empty for the properties of users and accounts. */
  readonly tableName: string;
  readonly name: string;
  readonly types: number;
  readonly firstSeenMs: number;
};

/** Names of one kind that are remembered of an environment: far more than get a column, yet bounded. */
const MOST_NAMES = 20_000;

/** Shapes that are remembered before all are forgotten and learnt again. */
const MOST_SHAPES = 200_000;

/** Column limits of an environment's views. What is beyond stays in `all_events` and in `properties`. */
export const MOST_EVENT_VIEWS = 500;
export const MOST_PROPERTIES = 1000;

/**
 * What this loader knows of event and property names. It only ever grows, and a name counts as known as soon as it
 * is queued for the registry table, which is read back by every loader before it writes a view.
 */
export class NameRegistry {
  readonly #types = new Map<string, number>();
  readonly #sizes = new Map<string, number>();
  readonly #shapes = new Set<string>();
  #queue: NameRow[] = [];

  /** True where a record of this shape was seen before. */
  hasShape(environment: number, scope: Scope, tableName: string, shape: number): boolean {
    const key = `${environment}\0${scope}\0${tableName}\0${shape}`;
    if (this.#shapes.has(key)) return true;
    if (this.#shapes.size >= MOST_SHAPES) this.#shapes.clear();
    this.#shapes.add(key);
    return false;
  }

  /** Learns a name; queues it where the name or one of its types is new. */
  learn(row: NameRow): void {
    if (this.#remember(row)) this.#queue.push(row);
  }

  /** Learns names that are in the registry table already. */
  load(rows: readonly NameRow[]): void {
    for (const row of rows) this.#remember(row);
  }

  /** Rows to write to the registry table, handed out once. */
  takeQueued(): readonly NameRow[] {
    const queue = this.#queue;
    this.#queue = [];
    return queue;
  }

  /** Puts rows back that could not be written. */
  requeue(rows: readonly NameRow[]): void {
    this.#queue = [...rows, ...this.#queue];
  }

  #remember({ environment, scope, tableName, name, types }: NameRow): boolean {
    const key = `${environment}\0${scope}\0${tableName}\0${name}`;
    const known = this.#types.get(key);
    if (known !== undefined) {
      if ((known | types) === known) return false;
      this.#types.set(key, known | types);
      return true;
    }
    const group = `${environment}\0${scope}`;
    const size = this.#sizes.get(group) ?? 0;
    if (size >= MOST_NAMES) return false;
    this.#sizes.set(group, size + 1);
    this.#types.set(key, types);
    return true;
  }
}

/** What the views of one environment are made from, within the limits. */
export type EnvironmentNames = {
  /** Tables of events, oldest first. */
  readonly eventTables: readonly string[];
  /** Properties of each event table. */
  readonly eventProperties: ReadonlyMap<string, readonly Property[]>;
  readonly userProperties: readonly Property[];
  /** Names that got no view or no column. */
  readonly leftOut: number;
};

const oldestFirst = (a: NameRow, b: NameRow) =>
  a.firstSeenMs - b.firstSeenMs || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);

/**
 * Picks the oldest names of an environment, so that every loader makes the same views of the same registry: 500
 * event tables, 1000 event property names and 1000 user properties.
 */
export function namesOf(rows: readonly NameRow[], environment: number): EnvironmentNames {
  const own = rows.filter((row) => row.environment === environment).toSorted(oldestFirst);
  const tables = new Set(own.filter(({ scope }) => scope === 'event').map(({ tableName }) => tableName));
  const eventTables = [...tables].slice(0, MOST_EVENT_VIEWS);
  const eventRows = own.filter(({ scope }) => scope === 'event_property');
  const propertyNames = new Set(eventRows.map(({ name }) => name));
  const kept = new Set([...propertyNames].slice(0, MOST_PROPERTIES));
  const userRows = own.filter(({ scope }) => scope === 'user_property');
  const eventProperties = new Map<string, Property[]>();
  for (const { tableName, name, types, firstSeenMs } of eventRows) {
    if (!kept.has(name)) continue;
    const properties = eventProperties.get(tableName) ?? [];
    properties.push({ name, types, firstSeenMs });
    eventProperties.set(tableName, properties);
  }
  return {
    eventTables,
    eventProperties,
    userProperties: userRows
      .slice(0, MOST_PROPERTIES)
      .map(({ name, types, firstSeenMs }) => ({ name, types, firstSeenMs })),
    leftOut:
      tables.size -
      eventTables.length +
      (propertyNames.size - kept.size) +
      Math.max(0, userRows.length - MOST_PROPERTIES),
  };
}
