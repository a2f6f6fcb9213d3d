import { canonicalUserId } from '#schemas/ids.ts';
import { customType } from '#schemas/kinds.ts';
import type { Collected } from '#schemas/types.ts';
import { readEventName } from './event-name.ts';
import { readIdempotencyKey, readOptionalId } from './ids.ts';
import { newInput } from './input.ts';
import { checkPlan } from './plan-check.ts';
import { normaliseProperties } from './properties.ts';
import type { Row, Scope } from './scope.ts';
import { settleTime } from './timestamps.ts';
import { isRefusal, type Refusal } from './verdict.ts';

/** Whom a row is about: an anonymous id, or an identity alone. */
export type Who = { readonly userId: number } | { readonly identity: string };

/** An event of a server: never part of a client's session unless it names that session. */
export function serverEvent(row: Row, who: Who, properties: unknown, scope: Scope): Collected | Refusal {
  const flags: string[] = [];
  const name = readEventName(row['event'], 'event', flags);
  if (typeof name !== 'string') return name;
  const sessionId = readOptionalId(row['session_id'], 'session_id', 'invalid_session_id');
  if (typeof sessionId !== 'number') return sessionId;
  const settled = settleTime(row['timestamp'], scope, flags);
  if (isRefusal(settled)) return settled;
  const normal = normaliseProperties(properties, flags);
  if (isRefusal(normal)) return normal;
  const idempotency = readIdempotencyKey(row['idempotency_key']);
  if (isRefusal(idempotency)) return idempotency;

  const deviceId = 'userId' in who ? who.userId : canonicalUserId(scope.environment.number, who.identity);
  const input = newInput('event', 'server', deviceId, idempotency.key, scope);
  input.session_id = sessionId;
  input.time = settled.time;
  input.client_time = settled.clientTime;
  if ('identity' in who) input.identity = who.identity;
  input.name = name;
  input.type = customType(name);
  input.properties = normal.json;
  input.flags = flags;
  return checkPlan(input, normal.flat, scope.plan);
}
