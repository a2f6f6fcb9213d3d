import type { Collected } from '#schemas/types.ts';
import { readIdentity } from './identity.ts';
import { readUserId } from './ids.ts';
import type { Row, Scope } from './scope.ts';
import { serverEvent, type Who } from './server-event.ts';
import { type Refusal, refuse } from './verdict.ts';

/** A row of `POST /api/track`: exactly one of `identity` and `user_id`. */
export function track(row: Row, scope: Scope): Collected | Refusal {
  const who = readWho(row, scope);
  return 'code' in who ? who : serverEvent(row, who, row['properties'], scope);
}

export function readWho(row: Row, scope: Scope): Who | Refusal {
  const { identity, user_id: userId } = row;
  const hasIdentity = identity !== undefined && identity !== null;
  if (userId !== undefined && userId !== null) {
    if (hasIdentity) {
      return refuse(
        'identity_and_user_id',
        'Cannot accept the event: it names both identity and user_id, want exactly one',
      );
    }
    const id = readUserId(userId);
    return typeof id === 'number' ? { userId: id } : id;
  }
  if (!hasIdentity) {
    return refuse(
      'missing_user',
      'Cannot accept the event: it names neither identity nor user_id, want exactly one',
    );
  }
  const name = readIdentity(identity, scope.refusePlaceholders);
  return typeof name === 'string' ? { identity: name } : name;
}
