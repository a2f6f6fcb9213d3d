/** Builders for the tests of this folder. */
import { DEFAULT_OPTIONS, type Environment } from '#lib/config/environments.ts';
import type { Collected } from '#schemas/types.ts';
import type { Circumstances } from './accept.ts';
import { NO_CLIENT } from './client.ts';
import { emptyRecord } from './input.ts';

export const RECEIVED_AT = Date.UTC(2026, 0, 31, 12);
export const DAY_MS = 24 * 60 * 60 * 1000;
export const MAX_AGE_MS = 3650 * DAY_MS;

/** Id that every record without an idempotency key gets in these tests. */
export const NEW_ID = 777;

export function anEnvironment(changes: Partial<Environment> = {}): Environment {
  return {
    number: 1,
    appId: '11',
    name: 'main_production',
    apiKey: '',
    options: DEFAULT_OPTIONS,
    ...changes,
  };
}

export function someCircumstances(changes: Partial<Circumstances> = {}): Circumstances {
  return {
    environments: new Map([['11', anEnvironment()]]),
    plans: new Map(),
    refusePlaceholders: true,
    maxAgeMs: MAX_AGE_MS,
    receivedAt: RECEIVED_AT,
    newId: () => NEW_ID,
    client: NO_CLIENT,
    ...changes,
  };
}

/** A whole record as these tests expect it, given what differs from an anonymous one without a key. */
export function aRecord(changes: Partial<Collected>): Collected {
  return {
    ...emptyRecord(),
    environment: 1,
    event_id: NEW_ID,
    time: RECEIVED_AT,
    received_at: RECEIVED_AT,
    user_id: changes.device_id ?? 0,
    ...changes,
  };
}
