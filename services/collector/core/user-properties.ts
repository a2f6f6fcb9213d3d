import { canonicalUserId } from '#schemas/ids.ts';
import type { Collected } from '#schemas/types.ts';
import { readIdentity } from './identity.ts';
import { newInput } from './input.ts';
import { checkPlan } from './plan-check.ts';
import { hasProperty, normaliseProperties } from './properties.ts';
import type { Row, Scope } from './scope.ts';
import { isRefusal, type Refusal, refuse } from './verdict.ts';

/** A row of `POST /api/add_user_properties`, of its legacy name `/api/identify`, and of a bulk of users. */
export function userProperties(row: Row, scope: Scope): Collected | Refusal {
  return userPropertiesOf(row['identity'], row['properties'], scope);
}

export function userPropertiesOf(identity: unknown, properties: unknown, scope: Scope): Collected | Refusal {
  if (identity === undefined || identity === null) {
    return refuse('missing_identity', 'Cannot accept user properties: the row has no identity');
  }
  const name = readIdentity(identity, scope.refusePlaceholders);
  if (typeof name !== 'string') return name;
  if (hasProperty(properties, 'id')) return RESERVED_ID;
  const flags: string[] = [];
  const normal = normaliseProperties(properties, flags);
  if (isRefusal(normal)) return normal;

  const deviceId = canonicalUserId(scope.environment.number, name);
  const input = newInput('user_properties', 'server', deviceId, '', scope);
  input.identity = name;
  input.properties = normal.json;
  input.flags = flags;
  return checkPlan(input, normal.flat, scope.plan);
}

/** Heap: the name clashes with internal variables, in any casing. */
export const RESERVED_ID: Refusal = refuse(
  'reserved_property',
  'Cannot set user property id: the name is reserved, in any casing',
);
