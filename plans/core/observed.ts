/** What arrives in an environment within a range, as far as a plan is concerned. */
export type Observed = {
  readonly events: readonly ObservedEvent[];
  readonly properties: readonly ObservedProperty[];
  /** Planned properties with values that are not as planned. */
  readonly faults: readonly ObservedFault[];
  /** Users, accounts and sessions that something is known of. */
  readonly subjects: { readonly user: number; readonly account: number; readonly session: number };
};

export type ObservedEvent = {
  /** As sent. */
  readonly name: string;
  /** Captured by itself (a pageview, a click). */
  readonly captured: boolean;
  readonly events: number;
  /** Of these, sent by a server. */
  readonly fromServer: number;
  /** Epoch ms. */
  readonly firstAt: number;
  readonly lastAt: number;
};

export type PropertyOf = 'event' | 'user' | 'account' | 'session';

export type ObservedProperty = {
  readonly of: PropertyOf;
  /** Name of the event; empty for other properties. */
  readonly event: string;
  readonly captured: boolean;
  /** As sent. */
  readonly name: string;
  /** Events that have it; users, accounts or sessions that do. */
  readonly count: number;
};

export type ObservedFault = {
  readonly of: PropertyOf;
  readonly event: string;
  readonly captured: boolean;
  readonly name: string;
  /** Events (or changes of a profile) whose value has another type. */
  readonly wrongType: number;
  /** Whose value has the type, and is not one that is planned. */
  readonly wrongValue: number;
  /** A few of these values, as text. */
  readonly examples: readonly string[];
};
