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
  /** Types it has been seen with. */
  readonly types: number;
  readonly firstSeenMs: number;
  /** As firstTyped() says. */
  readonly firstTyped: number;
};

/** A name that is to be registered. */
export type NewName = Omit<NameRow, 'firstTyped'>;

/** Names of one kind that are remembered of an environment: far more than get a column, yet bounded. */
const MOST_NAMES = 20_000;

/** Tables whose lost names are told of. */
const MOST_LOSERS = 1000;

/** Shapes that are remembered before all are forgotten and learnt again. */
const MOST_SHAPES = 200_000;

/** Column limits of an environment's views. What is beyond stays in `all_events` and in `properties`. */
export const MOST_EVENT_VIEWS = 500;
export const MOST_PROPERTIES = 1000;

/** A table of which a name was not taken in, because its environment has `MOST_NAMES` of that scope. */
export type Loser = Pick<NameRow, 'environment' | 'scope' | 'tableName'>;

/**
 * What this loader knows of event and property names. It only ever grows, and a name counts as known as soon as it
 * is queued for the registry table, which is read back by every loader before it writes a view.
 */
export class NameRegistry {
  readonly #types = new Map<string, number>();
  readonly #sizes = new Map<string, number>();
  readonly #shapes = new Set<string>();
  readonly #losers = new Map<string, Loser>();
  #queue: NewName[] = [];
  #newLosers: Loser[] = [];

  /** True where a record of this shape was seen before. */
  hasShape(environment: number, scope: Scope, tableName: string, shape: number): boolean {
    const key = `${environment}\0${scope}\0${tableName}\0${shape}`;
    if (this.#shapes.has(key)) return true;
    if (this.#shapes.size >= MOST_SHAPES) this.#shapes.clear();
    this.#shapes.add(key);
    return false;
  }

  /** Learns a name; queues it where the name or one of its types is new. Where there is no room it is lost. */
  learn(row: NewName): void {
    const { environment, scope, tableName } = row;
    const outcome = this.#remember(row);
    if (outcome === 'new') this.#queue.push(row);
    if (outcome === 'no room') this.#lose({ environment, scope, tableName });
  }

  /** Learns names that are in the registry table already. */
  load(rows: readonly NameRow[]): void {
    for (const row of rows) this.#remember(row);
  }

  /** Rows to write to the registry table, handed out once. */
  takeQueued(): readonly NewName[] {
    const queue = this.#queue;
    this.#queue = [];
    return queue;
  }

  /** Puts rows back that could not be written. */
  requeue(rows: readonly NewName[]): void {
    this.#queue = [...rows, ...this.#queue];
  }

  /** Tables that have lost their first name since the last call, handed out once. */
  takeLosers(): readonly Loser[] {
    const losers = this.#newLosers;
    this.#newLosers = [];
    return losers;
  }

  /** Tables of an environment that have lost a name. */
  losersOf(environment: number): number {
    return [...this.#losers.values()].filter((loser) => loser.environment === environment).length;
  }

  #lose(loser: Loser): void {
    const key = `${loser.environment}\0${loser.scope}\0${loser.tableName}`;
    if (this.#losers.has(key) || this.#losers.size >= MOST_LOSERS) return;
    this.#losers.set(key, loser);
    this.#newLosers.push(loser);
  }

  #remember({ environment, scope, tableName, name, types }: NewName): 'new' | 'known' | 'no room' {
    const key = `${environment}\0${scope}\0${tableName}\0${name}`;
    const known = this.#types.get(key);
    if (known !== undefined) {
      if ((known | types) === known) return 'known';
      this.#types.set(key, known | types);
      return 'new';
    }
    const group = `${environment}\0${scope}`;
    const size = this.#sizes.get(group) ?? 0;
    if (size >= MOST_NAMES) return 'no room';
    this.#sizes.set(group, size + 1);
    this.#types.set(key, types);
    return 'new';
  }
}

/** What the views of one environment are made from, within the limits. */
export type EnvironmentNames = {
  /** Tables of events, oldest first. */
  readonly eventTables: readonly string[];
  /** Properties of each event table. */
  readonly eventProperties: ReadonlyMap<string, readonly Property[]>;
  readonly userProperties: readonly Property[];
  readonly accountProperties: readonly Property[];
  /** Names that got no view or no column. */
  readonly leftOut: number;
};

const oldestFirst = (a: NameRow, b: NameRow) =>
  a.firstSeenMs - b.firstSeenMs || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);

/**
 * Picks the oldest names of an environment, so that every loader makes the same views of the same registry: 500
 * event tables, 1000 event property names, 1000 user properties and 1000 account properties.
 */
export function namesOf(rows: readonly NameRow[], environment: number): EnvironmentNames {
  const own = rows.filter((row) => row.environment === environment).toSorted(oldestFirst);
  const tables = new Set(own.filter(({ scope }) => scope === 'event').map(({ tableName }) => tableName));
  const eventTables = [...tables].slice(0, MOST_EVENT_VIEWS);
  const eventRows = own.filter(({ scope }) => scope === 'event_property');
  const propertyNames = new Set(eventRows.map(({ name }) => name));
  const kept = new Set([...propertyNames].slice(0, MOST_PROPERTIES));
  const userRows = own.filter(({ scope }) => scope === 'user_property');
  const accountRows = own.filter(({ scope }) => scope === 'account_property');
  const eventProperties = new Map<string, Property[]>();
  for (const { tableName, name, types, firstSeenMs, firstTyped } of eventRows) {
    if (!kept.has(name)) continue;
    const properties = eventProperties.get(tableName) ?? [];
    properties.push({ name, types, firstSeenMs, firstTyped });
    eventProperties.set(tableName, properties);
  }
  return {
    eventTables,
    eventProperties,
    userProperties: oldestOf(userRows),
    accountProperties: oldestOf(accountRows),
    leftOut:
      tables.size -
      eventTables.length +
      (propertyNames.size - kept.size) +
      Math.max(0, userRows.length - MOST_PROPERTIES) +
      Math.max(0, accountRows.length - MOST_PROPERTIES),
  };
}

const oldestOf = (rows: readonly NameRow[]): readonly Property[] =>
  rows
    .slice(0, MOST_PROPERTIES)
    .map(({ name, types, firstSeenMs, firstTyped }) => ({ name, types, firstSeenMs, firstTyped }));
