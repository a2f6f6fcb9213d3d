import type { Plan, PlannedEvent, PlannedProperty } from './core/plan.ts';

export const LANGUAGES = ['ts', 'js'] as const;
export type Language = (typeof LANGUAGES)[number];

/** Client code of a plan's events, typed: by TypeScript, or by JSDoc that TypeScript reads. Made for strict checks. */
export function typesCode(plan: Plan, language: Language): string {
  return language === 'ts' ? typeScript(plan) : javaScript(plan);
}

const HEAD = (plan: Plan) =>
  `${plan.name || 'the tracking plan'}. Made by \`cairn plan types\`: change the plan, not this file.`;

function typeScript(plan: Plan): string {
  const { events, eventProperties, userProperties, accountProperties } = plan;
  return `/** Events and properties of ${comment(HEAD(plan))} */

/** ISO 8601, or epoch milliseconds. */
export type Time = string | number;

/** Properties of each event, by its name. */
export interface Events {
${events.map((event) => `${eventComment(event)}  ${JSON.stringify(event.name)}: ${shape(event.properties, '  ', emptyEvent(plan))};\n`).join('')}}

/** Events that a browser or an application may send. */
export type ClientEvent = ${names(events.filter(({ from }) => from !== 'server'))};

/** Events that a server may send. */
export type ServerEvent = ${names(events.filter(({ from }) => from !== 'client'))};

/** May come with every event. */
export interface EventProperties ${shape(eventProperties, '', '{}')}

export interface UserProperties ${shape(userProperties, '')}

export interface AccountProperties ${shape(accountProperties, '')}

type PropertiesOf<N extends keyof Events> = Events[N] & EventProperties;
type Arguments<N extends keyof Events, More extends unknown[] = []> =
  Record<never, never> extends PropertiesOf<N>
    ? [properties?: PropertiesOf<N>, ...more: More]
    : [properties: PropertiesOf<N>, ...more: More];

/** What of heap.js is used: \`window.heap\` is one. */
export interface Heap {
  track(event: string, properties?: object): unknown;
  addUserProperties(properties: object): unknown;
  addEventProperties(properties: object): unknown;
}

export interface TypedHeap {
  track<N extends ClientEvent>(event: N, ...properties: Arguments<N>): void;
  addUserProperties(properties: UserProperties): void;
  addEventProperties(properties: Partial<EventProperties>): void;
}

/** The browser's \`heap\`, typed by the plan. */
export function typedHeap(heap: Heap): TypedHeap {
  return {
    track: (event, ...properties) => void heap.track(event, ...properties),
    addUserProperties: (properties) => void heap.addUserProperties(properties),
    addEventProperties: (properties) => void heap.addEventProperties(properties),
  };
}

/** Whom an event of a server is about. */
export type Who = { readonly identity: string } | { readonly user_id: string | number };

export type SendOptions = { readonly idempotency_key?: string; readonly timestamp?: Time };

export interface TypedServer {
  /** Rejects where the collector does not answer 200: its message says what was wrong. */
  track<N extends ServerEvent>(who: Who, event: N, ...properties: Arguments<N, [options?: SendOptions]>): Promise<void>;
  addUserProperties(identity: string, properties: UserProperties): Promise<void>;
  addAccountProperties(account_id: string, properties: AccountProperties): Promise<void>;
}

/** A server's client. \`url\` is the collector's. */
export function typedServer(url: string, app_id: string): TypedServer {
  const post = async (path: string, body: object): Promise<void> => {
    const response = await fetch(new URL(path, url), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ app_id, ...body }),
    });
    if (!response.ok) throw new Error(\`Cannot send to \${path}: \${response.status} \${await response.text()}\`);
  };
  return {
    track: (who, event, ...[properties, options]) => post('/api/track', { ...who, event, properties, ...options }),
    addUserProperties: (identity, properties) => post('/api/add_user_properties', { identity, properties }),
    addAccountProperties: (account_id, properties) => post('/api/add_account_properties', { account_id, properties }),
  };
}
`;
}

function javaScript(plan: Plan): string {
  const { events, eventProperties, userProperties, accountProperties } = plan;
  const typedef = (name: string, properties: readonly PlannedProperty[], empty = NOTHING) =>
    `/** @typedef {${withinComment(shape(properties, ' * ', empty))}} ${name} */`;
  const eventLines = events.map(
    ({ name, properties }) =>
      ` *   ${JSON.stringify(name)}: ${shape(properties, ' *   ', emptyEvent(plan))};\n`,
  );
  return `/** Events and properties of ${comment(HEAD(plan))} */

/** @typedef {string | number} Time ISO 8601, or epoch milliseconds. */

/**
 * @typedef {{
${eventLines.map(withinComment).join('')} * }} Events
 */

/** @typedef {${withinComment(names(events.filter(({ from }) => from !== 'server')))}} ClientEvent */
/** @typedef {${withinComment(names(events.filter(({ from }) => from !== 'client')))}} ServerEvent */
${typedef('EventProperties', eventProperties, '{}')}
${typedef('UserProperties', userProperties)}
${typedef('AccountProperties', accountProperties)}
/** @typedef {{ track(event: string, properties?: object): unknown, addUserProperties(properties: object): unknown }} Heap */
/** @typedef {{ identity: string } | { user_id: string | number }} Who */
/** @typedef {{ idempotency_key?: string, timestamp?: Time }} SendOptions */

/**
 * The browser's \`heap\`, typed by the plan.
 * @param {Heap} heap
 */
export function typedHeap(heap) {
  return {
    /**
     * @template {ClientEvent} N
     * @param {N} event
     * @param {Events[N] & EventProperties} properties
     */
    track(event, properties) {
      heap.track(event, properties);
    },
    /** @param {UserProperties} properties */
    addUserProperties(properties) {
      heap.addUserProperties(properties);
    },
  };
}

/**
 * A server's client. \`url\` is the collector's.
 * @param {string} url
 * @param {string} app_id
 */
export function typedServer(url, app_id) {
  /**
   * @param {string} path
   * @param {object} body
   */
  const post = async (path, body) => {
    const response = await fetch(new URL(path, url), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ app_id, ...body }),
    });
    if (!response.ok) throw new Error(\`Cannot send to \${path}: \${response.status} \${await response.text()}\`);
  };
  return {
    /**
     * Rejects where the collector does not answer 200.
     * @template {ServerEvent} N
     * @param {Who} who
     * @param {N} event
     * @param {Events[N] & EventProperties} properties
     * @param {SendOptions} [options]
     */
    track: (who, event, properties, options) => post('/api/track', { ...who, event, properties, ...options }),
    /**
     * @param {string} identity
     * @param {UserProperties} properties
     */
    addUserProperties: (identity, properties) => post('/api/add_user_properties', { identity, properties }),
    /**
     * @param {string} account_id
     * @param {AccountProperties} properties
     */
    addAccountProperties: (account_id, properties) => post('/api/add_account_properties', { account_id, properties }),
  };
}
`;
}

function eventComment({ description, trigger }: PlannedEvent): string {
  const text = [description, trigger].filter((part) => part !== '').join(' ');
  return text === '' ? '' : `  /** ${comment(text)} */\n`;
}

/** Takes no property, where `{}` would take any. */
const NOTHING = '{ [name: string]: never }';

/** An object type; properties need not be there unless they are required. */
function shape(properties: readonly PlannedProperty[], indent: string, empty = NOTHING): string {
  if (properties.length === 0) return empty;
  const lines = properties.map(
    (property) =>
      `${indent}  ${JSON.stringify(property.name)}${property.required ? '' : '?'}: ${valueType(property)};\n`,
  );
  return `{\n${lines.join('')}${indent}}`;
}

/** An event without properties of its own still has those of all events. */
function emptyEvent({ eventProperties }: Plan): string {
  return eventProperties.length === 0 ? NOTHING : '{}';
}

function valueType({ type, oneOf }: PlannedProperty): string {
  if (oneOf !== undefined) return oneOf.map((value) => JSON.stringify(value)).join(' | ');
  return type === 'time' ? 'Time' : type;
}

function names(events: readonly PlannedEvent[]): string {
  return events.length === 0 ? 'never' : events.map(({ name }) => JSON.stringify(name)).join(' | ');
}

/** Code with texts in quotes that can stand in a comment: `*\\/` is the same text. */
function withinComment(code: string): string {
  return code.replaceAll('*/', '*\\/');
}

/** Text that can stand in a comment. */
function comment(text: string): string {
  return text.replaceAll('*/', '* /').replace(/\s+/g, ' ');
}
