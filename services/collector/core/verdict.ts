/** Why one row of a request was refused. Codes are stable: clients and dashboards may rely on them. */
export const ROW_CODES = [
  'invalid_row',
  'invalid_type',
  'missing_event',
  'invalid_event',
  'event_too_long',
  'missing_user',
  'identity_and_user_id',
  'invalid_user_id',
  'missing_identity',
  'invalid_identity',
  'identity_too_long',
  'placeholder_identity',
  'missing_account_id',
  'invalid_account_id',
  'invalid_app_visibility',
  'account_id_too_long',
  'invalid_session_id',
  'invalid_pageview_id',
  'invalid_idempotency_key',
  'invalid_timestamp',
  'timestamp_too_old',
  'invalid_properties',
  'invalid_property',
  'reserved_property',
  'properties_too_deep',
  'properties_too_large',
  'batch_too_large',
  'invalid_field',
  'excluded_ip',
  'bot',
  'plan_violation',
  'unplanned_event',
] as const;
export type RowCode = (typeof ROW_CODES)[number];

/** Why a request was refused as a whole. */
export type RequestCode =
  | 'malformed_json'
  | 'invalid_body'
  | 'missing_app_id'
  | 'unknown_app_id'
  | 'invalid_rows'
  | 'too_many_rows'
  | 'invalid_library'
  | 'nothing_accepted';

export type Refusal = { readonly code: RowCode; readonly message: string };

/** A refusal with the row it is about, counted from zero. */
export type Verdict = Refusal & { readonly index: number };

export function refuse(code: RowCode, message: string): Refusal {
  return { code, message };
}

export function isRefusal(value: object): value is Refusal {
  return 'code' in value;
}

const LONGEST_SHOWN = 80;

/** A value of the client's as it appears in a message: as JSON, cut short. */
export function shown(value: unknown): string {
  const text =
    typeof value === 'object' && value !== null ? kindOf(value) : (JSON.stringify(value) ?? 'undefined');
  return text.length <= LONGEST_SHOWN
    ? text
    : `${text.slice(0, LONGEST_SHOWN).toWellFormed()}... (${text.length} characters)`;
}

function kindOf(value: object): string {
  return Array.isArray(value) ? 'an array' : 'an object';
}
