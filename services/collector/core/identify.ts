import type { Collected } from '#schemas/types.ts';
import { readIdentity } from './identity.ts';
import { readIdempotencyKey, readUserId } from './ids.ts';
import { newInput } from './input.ts';
import type { Row, Scope } from './scope.ts';
import { settleTime } from './timestamps.ts';
import { isRefusal, type Refusal, refuse } from './verdict.ts';

/** `POST /api/v1/identify`: binds an anonymous id to an identity. */
export function identify(row: Row, scope: Scope): Collected | Refusal {
  const { user_id: userId, identity } = row;
  if (userId === undefined || userId === null) {
    return refuse('missing_user', 'Cannot accept the identify: it has no user_id');
  }
  if (identity === undefined || identity === null) {
    return refuse('missing_identity', 'Cannot accept the identify: it has no identity');
  }
  const deviceId = readUserId(userId);
  if (typeof deviceId !== 'number') return deviceId;
  const name = readIdentity(identity, scope.refusePlaceholders);
  if (typeof name !== 'string') return name;
  const flags: string[] = [];
  const settled = settleTime(row['timestamp'], scope, flags);
  if (isRefusal(settled)) return settled;
  const idempotency = readIdempotencyKey(row['idempotency_key']);
  if (isRefusal(idempotency)) return idempotency;

  const input = newInput('identify', 'server', deviceId, idempotency.key, scope);
  input.time = settled.time;
  input.client_time = settled.clientTime;
  input.identity = name;
  input.flags = flags;
  return input;
}
