/** A tracking plan: which events and properties an application means to send. Lines are those of the plan's file, from 1. */

/** Types of values. `time` is a text in ISO 8601, or a number of epoch milliseconds. */
export const VALUE_TYPES = ['string', 'number', 'boolean', 'time'] as const;
export type ValueType = (typeof VALUE_TYPES)[number];

export type PlannedProperty = {
  /** As sent; a property of an object has a dotted name. */
  readonly name: string;
  readonly type: ValueType;
  /** Whether every event has to have it. Means nothing for properties of users, accounts and sessions. */
  readonly required: boolean;
  readonly description: string;
  /** The only values there are, of `type`; undefined = any. */
  readonly oneOf?: readonly (string | number | boolean)[] | undefined;
  /** What a whole text looks like, in the dialect of `pattern.ts`. */
  readonly pattern?: string | undefined;
  /** Smallest and largest number, inclusive. */
  readonly atLeast?: number | undefined;
  readonly atMost?: number | undefined;
  /** Most characters (code points) of a text. */
  readonly longest?: number | undefined;
  readonly line: number;
};

/** Where an event is sent from. */
export const SENDERS = ['client', 'server', 'either'] as const;
export type Sender = (typeof SENDERS)[number];

export type PlannedEvent = {
  /** As sent. */
  readonly name: string;
  readonly description: string;
  /** When it is sent, in words. */
  readonly trigger: string;
  /** Who answers for it. */
  readonly owner: string;
  readonly category: string;
  readonly from: Sender;
  /** It is captured by itself (a pageview, a click), or defined over what is; nobody has to send it by this name. */
  readonly autocaptured: boolean;
  readonly properties: readonly PlannedProperty[];
  readonly line: number;
};

/** How the names of events, or of properties, are written. */
export const NAMINGS = [
  'any',
  'Title Case',
  'Sentence case',
  'snake_case',
  'camelCase',
  'kebab-case',
] as const;
export type Naming = (typeof NAMINGS)[number];

export type Plan = {
  readonly name: string;
  /** Where the plan comes from. */
  readonly source: string;
  readonly naming: { readonly events: Naming; readonly properties: Naming };
  readonly events: readonly PlannedEvent[];
  /** Of any event that is sent by its name: what is attached to all of them. */
  readonly eventProperties: readonly PlannedProperty[];
  readonly pageviewProperties: readonly PlannedProperty[];
  readonly userProperties: readonly PlannedProperty[];
  readonly accountProperties: readonly PlannedProperty[];
  /** Columns of the view `sessions`. */
  readonly sessionProperties: readonly PlannedProperty[];
};
