/**
 * Where a property is found.
 *
 * - `event`: what was sent with the event, by its name as sent.
 * - `field`: what is captured with every event, one of FIELDS.
 * - `session`, `user`, `account`: a column of the readers' view `sessions`, `users` or `accounts`, by the column's name or
 *   by the property's name as sent. A session's value is the one captured at its start, those of users and accounts
 *   are the current ones. Source: Heap's page on property scopes.
 */
export const PROPERTY_SCOPES = ['event', 'field', 'session', 'user', 'account'] as const;
export type PropertyScope = (typeof PROPERTY_SCOPES)[number];

export type PropertyRef = { readonly of: PropertyScope; readonly name: string };

/** What is captured with every event, by column of `cairn.resolved_events`. */
export const FIELDS = [
  'source',
  'type',
  'identity',
  'domain',
  'path',
  'query',
  'hash',
  'title',
  'referrer',
  'previous_page',
  'href',
  'target_text',
  'target_tag',
  'target_class',
  'target_id',
  'hierarchy',
  'user_agent',
  'browser',
  'platform',
  'device',
  'device_type',
  'carrier',
  'app_name',
  'app_version',
  'country',
  'region',
  'city',
  'is_bot',
] as const;

/** The property as people write it: `plan`, `field.path`, `user.plan`. */
export function propertyText({ of, name }: PropertyRef): string {
  return of === 'event' ? name : `${of}.${name}`;
}

/** The same for the same property alone: `field.path` may also be the name of a property of events. */
export function propertyKey({ of, name }: PropertyRef): string {
  return `${of}.${name}`;
}
