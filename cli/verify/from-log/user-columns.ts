import { columnName, isAddressable } from '#schemas/names.ts';

/** What a user shows of its first session. */
export const INITIAL_COLUMNS = [
  ...['referrer', 'landing_page', 'landing_page_query', 'landing_page_hash', 'search_keyword'],
  ...['utm_source', 'utm_medium', 'utm_campaign', 'utm_term', 'utm_content'],
  ...['browser', 'platform', 'device_type', 'country', 'region', 'city'],
] as const;

/** Columns of the view that no property may take. */
export const BUILT_IN: ReadonlySet<string> = new Set([
  ...['user_id', 'identity', 'handle', 'email', 'joindate', 'last_modified'],
  ...INITIAL_COLUMNS.map((name) => `initial_${name}`),
]);
/** Properties of exactly these names fill a built-in column. */
export const FILLING = new Set(['handle', 'email']);
/** Properties of an environment that get a column; which ones depends on when a loader first met them. */
export const MOST_COLUMNS = 1000;

/**
 * The column of the view of users that shows a property; undefined where SQL cannot name it, and where it is the id of
 * the account and shown as that.
 */
export function userColumn(property: string, accountIdProperty = ''): string | undefined {
  if (!isAddressable(property)) return undefined;
  if (FILLING.has(property)) return property;
  if (property === 'account_id' && accountIdProperty === property) return undefined;
  const plain = columnName(property);
  const isTaken = BUILT_IN.has(plain) || (plain === 'account_id' && accountIdProperty !== '');
  return isTaken ? `${plain}_property` : plain;
}
