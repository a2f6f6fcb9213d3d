import { eventIdOfKey, idempotencyHash } from '#schemas/ids.ts';
import type { Kind, Source } from '#schemas/kinds.ts';
import type { Collected } from '#schemas/types.ts';
import type { Scope } from './scope.ts';

const NO_IDEMPOTENCY = Buffer.alloc(0);

/**
 * A record of one device with what all kinds share filled in. `user_id` is the device's: only the
 * identity-merger knows better.
 */
export function newInput(kind: Kind, source: Source, deviceId: number, key: string, scope: Scope): Collected {
  const input = emptyRecord();
  const environment = scope.environment.number;
  input.user_id = deviceId;
  input.kind = kind;
  input.environment = environment;
  input.device_id = deviceId;
  input.time = scope.receivedAt;
  input.received_at = scope.receivedAt;
  input.source = source;
  if (key === '') {
    input.event_id = scope.newId();
  } else {
    input.event_id = eventIdOfKey(environment, key);
    input.idempotency = idempotencyHash(key);
  }
  return input;
}

/** A record with every field in the schema's order: one shape for all kinds. */
export function emptyRecord(): Collected {
  return {
    user_id: 0,
    session_id: 0,
    late: false,
    kind: 'event',
    environment: 0,
    device_id: 0,
    event_id: 0,
    time: 0,
    received_at: 0,
    source: 'server',
    idempotency: NO_IDEMPOTENCY,
    identity: '',
    account_id: '',
    client_time: 0,
    flags: [],
    name: '',
    type: '',
    pageview_id: 0,
    domain: '',
    path: '',
    query: '',
    hash: '',
    title: '',
    referrer: '',
    previous_page: '',
    href: '',
    target_text: '',
    target_tag: '',
    target_class: '',
    target_id: '',
    hierarchy: '',
    user_agent: '',
    browser: '',
    platform: '',
    device: '',
    device_type: '',
    carrier: '',
    app_name: '',
    app_version: '',
    ip: '',
    country: '',
    region: '',
    city: '',
    is_bot: false,
    properties: '{}',
    app_visibility: '',
  };
}
