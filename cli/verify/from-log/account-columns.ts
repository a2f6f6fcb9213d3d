import { columnName, isAddressable } from '#schemas/names.ts';
import type { Write } from './people.ts';
import { scalarText } from './row-text.ts';
import { MOST_COLUMNS, BUILT_IN as OF_USERS, userColumn } from './user-columns.ts';
import type { User } from './users.ts';

/** Columns of the view of accounts that no property may take. */
const BUILT_IN = new Set(['account_id', 'user_count', 'first_seen', 'last_modified']);

/** The accounts of an environment whose users have one, as the log says. */
export type AccountsOfLog = {
  /** User property that holds the account's id. */
  readonly idProperty: string;
  /** Last write of each property, by account. */
  readonly writes: ReadonlyMap<string, ReadonlyMap<string, Write>>;
  /** Properties of accounts, oldest first, each with the column of the view of users that shows it. */
  readonly columns: ReadonlyMap<string, string>;
};

/**
 * The columns of users that show properties of accounts: `account_` and the name; where a property of users has that
 * name already, with `_property`. Both lists are oldest first.
 */
export function accountColumnsOf(
  accountProperties: readonly string[],
  userProperties: readonly string[],
  idProperty: string,
): ReadonlyMap<string, string> {
  const taken = new Set([...OF_USERS, 'account_id']);
  for (const name of userProperties.slice(0, MOST_COLUMNS))
    taken.add(userColumn(name, idProperty) ?? 'account_id');
  const shown = new Map<string, string>();
  const columns = new Map<string, string>();
  for (const name of accountProperties.slice(0, MOST_COLUMNS)) {
    if (!isAddressable(name)) continue;
    const plain = columnName(name);
    const own = BUILT_IN.has(plain) ? `${plain}_property` : plain;
    let column = shown.get(own);
    if (column === undefined) {
      column = `account_${own}`;
      while (taken.has(column)) column += '_property';
      taken.add(column);
      shown.set(own, column);
    }
    columns.set(name, column);
  }
  return columns;
}

/** The account of a user; null where it has none. */
export function accountOf({ writes }: User, idProperty: string): string | null {
  const write = writes.get(idProperty);
  return write === undefined ? null : scalarText(write.value) || null;
}
