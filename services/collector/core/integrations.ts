/** Rows of the undocumented routes that Segment's and Looker's Heap destinations use. */
import { foreignAnonymousId } from '#schemas/ids.ts';
import type { Collected } from '#schemas/types.ts';
import { readIdentity } from './identity.ts';
import { parseId, textOrNumber } from './ids.ts';
import { isRow, type Row, type Scope } from './scope.ts';
import { serverEvent, type Who } from './server-event.ts';
import { readWho } from './track.ts';
import { userPropertiesOf } from './user-properties.ts';
import { type Refusal, refuse, shown } from './verdict.ts';

/** A row of `POST /api/integrations/track`. */
export function integrationTrack(row: Row, scope: Scope): Collected | Refusal {
  const identifier = row['user_identifier'];
  const who = isRow(identifier) ? readIdentifier(identifier, scope) : readWho(row, scope);
  return 'code' in who ? who : serverEvent(row, who, row['custom_properties'] ?? row['properties'], scope);
}

/** A row of `POST /api/integrations/add_user_properties`. */
export function integrationUserProperties(row: Row, scope: Scope): Collected | Refusal {
  const identifier = row['user_identifier'];
  const identity = isRow(identifier) ? (identifier['identity'] ?? identifier['email']) : row['identity'];
  return userPropertiesOf(identity, row['properties'], scope);
}

/** Exactly one of identity, email (which is the identity) and anonymous_id (hashed where it is not a number). */
function readIdentifier(identifier: Row, scope: Scope): Who | Refusal {
  const identity = identifier['identity'] ?? identifier['email'];
  const anonymousId = identifier['anonymous_id'];
  const hasIdentity = identity !== undefined && identity !== null;
  if (anonymousId === undefined || anonymousId === null) {
    if (!hasIdentity) {
      return refuse(
        'missing_user',
        'Cannot accept the event: user_identifier has none of identity, email and anonymous_id',
      );
    }
    const name = readIdentity(identity, scope.refusePlaceholders);
    return typeof name === 'string' ? { identity: name } : name;
  }
  if (hasIdentity) {
    return refuse(
      'identity_and_user_id',
      'Cannot accept the event: user_identifier has both an identity and anonymous_id',
    );
  }
  const text = textOrNumber(anonymousId);
  if (text === undefined || text === '') {
    return refuse(
      'invalid_user_id',
      `Cannot read anonymous_id: want a string or a number, current value is ${shown(anonymousId)}`,
    );
  }
  return { userId: parseId(text) ?? foreignAnonymousId(text) };
}
