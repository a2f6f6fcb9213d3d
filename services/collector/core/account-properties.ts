import { accountKeyId } from '#schemas/ids.ts';
import type { Source } from '#schemas/kinds.ts';
import type { Collected } from '#schemas/types.ts';
import { readAccountId } from './identity.ts';
import { newInput } from './input.ts';
import { checkPlan } from './plan-check.ts';
import { normaliseProperties } from './properties.ts';
import type { Row, Scope } from './scope.ts';
import { isRefusal, type Refusal } from './verdict.ts';

/** A row of `POST /api/add_account_properties`. */
export function accountProperties(row: Row, scope: Scope): Collected | Refusal {
  return accountPropertiesFrom(row, 'server', '', scope);
}

export function accountPropertiesFrom(
  row: Row,
  source: Source,
  key: string,
  scope: Scope,
): Collected | Refusal {
  const accountId = readAccountId(row['account_id']);
  if (typeof accountId !== 'string') return accountId;
  const flags: string[] = [];
  const normal = normaliseProperties(row['properties'], flags);
  if (isRefusal(normal)) return normal;

  const keyId = accountKeyId(scope.environment.number, accountId);
  const input = newInput('account_properties', source, keyId, key, scope);
  input.account_id = accountId;
  input.properties = normal.json;
  input.flags = flags;
  return checkPlan(input, normal.flat, scope.plan);
}
