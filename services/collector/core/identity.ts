import { textOrNumber } from './ids.ts';
import { type Refusal, type RowCode, refuse, shown } from './verdict.ts';

/** Longest identity and account id, in UTF-16 code units (Heap: 255). */
export const MAX_IDENTITY = 255;

/**
 * What programs send when they have no identity. All their users would become one, and an identify cannot be
 * taken back by the client. Compared in lower case, without surrounding spaces.
 */
const PLACEHOLDERS: ReadonlySet<string> = new Set([
  'undefined',
  'null',
  'none',
  'nil',
  'nan',
  'n/a',
  '0',
  '-1',
  'true',
  'false',
  '[object object]',
  '{}',
  '[]',
  'user',
  'user_id',
  'userid',
  'id',
  'email',
  'identity',
  'anonymous',
  'guest',
  'unknown',
  'not_authenticated',
  '00000000-0000-0000-0000-000000000000',
]);

/** Identity as it is logged. Case is kept: identities are compared exactly. */
export function readIdentity(value: unknown, refusePlaceholders: boolean): string | Refusal {
  const identity = readName(value, 'identity', 'invalid_identity', 'identity_too_long');
  if (typeof identity !== 'string') return identity;
  if (refusePlaceholders && isPlaceholder(identity)) {
    return refuse(
      'placeholder_identity',
      `Cannot accept identity ${shown(identity)}: it is a placeholder, and everyone who sends it would become one user`,
    );
  }
  return identity;
}

export function isPlaceholder(identity: string): boolean {
  return identity.length <= 40 && PLACEHOLDERS.has(identity.trim().toLowerCase());
}

export function readAccountId(value: unknown): string | Refusal {
  if (value === undefined || value === null) {
    return refuse('missing_account_id', 'Cannot accept the row: it has no account_id');
  }
  return readName(value, 'account_id', 'invalid_account_id', 'account_id_too_long');
}

function readName(value: unknown, field: string, invalid: RowCode, tooLong: RowCode): string | Refusal {
  const name = textOrNumber(value);
  if (name === undefined) {
    return refuse(
      invalid,
      `Cannot read ${field}: want a string, or a number that JSON keeps exactly, current value is ${shown(value)}`,
    );
  }
  if (name.trim() === '') return refuse(invalid, `Cannot accept ${field}: it is empty`);
  if (name.length > MAX_IDENTITY) {
    return refuse(
      tooLong,
      `Cannot accept ${field}: want at most ${MAX_IDENTITY} characters, current length is ${name.length}`,
    );
  }
  // Two names that differ only there would become one user.
  if (!name.isWellFormed())
    return refuse(invalid, `Cannot accept ${field}: it holds half of a surrogate pair`);
  return name;
}
