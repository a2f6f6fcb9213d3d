import type { UserRow } from '#queries/resolved-rows.ts';
import { type AccountsOfLog, accountOf } from './account-columns.ts';
import { type Comparison, type DifferentRow, differentColumns, onlyFound, onlyInLog } from './findings.ts';
import { isLater, type Write } from './people.ts';
import { scalarText } from './row-text.ts';
import { FILLING, INITIAL_COLUMNS, MOST_COLUMNS, userColumn } from './user-columns.ts';
import type { User } from './users.ts';

/** Compares the view of users of an environment with the users of the log. */
export async function compareUsers(
  environment: number,
  users: ReadonlyMap<number, User>,
  rows: AsyncIterable<UserRow>,
  propertyNames: readonly string[],
  accounts?: AccountsOfLog,
): Promise<Comparison> {
  const different: DifferentRow[] = [];
  const seen = new Set<number>();
  const rank = new Map(propertyNames.map((name, at) => [name, at]));
  const mayLack = propertyNames.length > MOST_COLUMNS;
  let surplus = 0;
  for await (const row of rows) {
    const at = { environment, id: row.user_id, key: `user ${row.user_id} (environment ${environment})` };
    const user = users.get(row.user_id);
    if (user === undefined || seen.has(row.user_id)) {
      surplus += 1;
      different.push(onlyFound(at));
      continue;
    }
    seen.add(row.user_id);
    const expected = {
      identity: user.identity === '' ? null : user.identity,
      joindateMs: user.joinedMs,
      lastModifiedMs: user.modifiedMs,
    };
    const columns = [
      ...differentColumns(expected, row, Object.keys(expected)),
      ...differentProperties(columnsOf(user, rank, accounts), row, mayLack),
    ];
    if (columns.length > 0) different.push({ ...at, columns });
  }
  for (const id of users.keys())
    if (!seen.has(id))
      different.push(onlyInLog({ environment, id, key: `user ${id} (environment ${environment})` }));
  return { compared: users.size + surplus, different };
}

const NOT_PROPERTIES = new Set(['user_id', 'identity', 'joindateMs', 'lastModifiedMs']);

/** What each column that shows a property, or the first session, must say. */
function columnsOf(
  user: User,
  rank: ReadonlyMap<string, number>,
  accounts: AccountsOfLog | undefined,
): ReadonlyMap<string, Write['value']> {
  const idProperty = accounts?.idProperty ?? '';
  const values = new Map<string, Write['value']>(
    valuesOf(user.writes, (name) => userColumn(name, idProperty), rank),
  );
  // The built-in columns show empty text as NULL.
  for (const column of FILLING) if (values.get(column) === '') values.delete(column);
  for (const name of INITIAL_COLUMNS) {
    const value = user.initial?.[name];
    if (value) values.set(`initial_${name}`, value);
  }
  if (accounts === undefined) return values;
  const accountId = accountOf(user, idProperty);
  if (accountId === null) return values;
  values.set('account_id', accountId);
  const { columns } = accounts;
  const ranks = new Map([...columns.keys()].map((name, at) => [name, at]));
  const ofAccount = accounts.writes.get(accountId) ?? new Map<string, Write>();
  for (const [column, value] of valuesOf(ofAccount, (name) => columns.get(name), ranks))
    values.set(column, value);
  return values;
}

function valuesOf(
  writes: ReadonlyMap<string, Write>,
  columnOf: (name: string) => string | undefined,
  rank: ReadonlyMap<string, number>,
): ReadonlyMap<string, Write['value']> {
  const byColumn = new Map<string, [name: string, write: Write]>();
  for (const [name, write] of writes) {
    const column = columnOf(name);
    if (column === undefined) continue;
    const known = byColumn.get(column);
    if (known === undefined || isLater(write.order, known[1].order) || isOlderName(name, write, known, rank))
      byColumn.set(column, [name, write]);
  }
  return new Map([...byColumn].map(([column, [, { value }]]) => [column, value]));
}

function differentProperties(
  byColumn: ReadonlyMap<string, Write['value']>,
  row: UserRow,
  mayLack: boolean,
): DifferentRow['columns'] {
  const columns = [...byColumn].flatMap(([column, value]) => {
    const found = row[column];
    if (found === undefined && mayLack) return [];
    const [text, time] = [row[textOf(column)], row[timeOf(column)]];
    const wrong = [
      ...(isShown(value, found, text) ? [] : [[column, found] as const]),
      ...(text === undefined || text === scalarText(value) ? [] : [[textOf(column), text] as const]),
      ...(isShownAsTime(value, time) ? [] : [[timeOf(column), time] as const]),
    ];
    return wrong.map(([name, shown]) => ({
      column: name,
      log: value,
      found: (shown ?? null) as string | null,
    }));
  });
  const shown = new Set([...byColumn.keys()].flatMap((column) => [column, textOf(column), timeOf(column)]));
  const unexpected = Object.entries(row)
    .filter(([column, found]) => found !== null && !shown.has(column) && !NOT_PROPERTIES.has(column))
    .map(([column, found]) => ({ column, log: null, found: found as string }));
  return [...columns, ...unexpected];
}

const textOf = (column: string) => `${column}__text`;
const timeOf = (column: string) => `${column}__time`;

/**
 * Whether a column says a value. One that keeps a type of its own shows other values as far as they can be read as
 * that, and beside it all of them as text.
 */
function isShown(value: Write['value'], found: unknown, text: unknown): boolean {
  if (found === value || (typeof found === 'string' && found === scalarText(value))) return true;
  if (text === undefined) return false;
  if (typeof found === 'number') return typeof value === 'string' && Number(value) === found;
  if (typeof found === 'boolean') return typeof value === 'string' && value.toLowerCase() === String(found);
  return (found ?? null) === null;
}

/** Texts that are times whatever else counts as one. */
const PLAIN_TIME =
  /^(19|20)\d\d-\d\d-\d\d(T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)?)?$/;

/**
 * Whether the column of times beside another says the time that a text says, UTC where it names no zone, or nothing
 * where that may be no time. `found` is undefined where there is no such column.
 */
function isShownAsTime(value: Write['value'], found: unknown): boolean {
  if (typeof found !== 'string') return found === undefined || !isPlainTime(value);
  if (typeof value !== 'string') return false;
  const hasZone = value.length === '2026-01-01'.length || /(Z|[+-]\d{2}:?\d{2})$/.test(value);
  const said = Date.parse(hasZone ? value : `${value.replace(' ', 'T')}Z`);
  return Date.parse(`${found.replace(' ', 'T')}Z`) === said;
}

/** A day that its month does not have is read as one of the next. */
function isPlainTime(value: Write['value']): boolean {
  if (typeof value !== 'string' || !PLAIN_TIME.test(value)) return false;
  const day = value.slice(0, '2026-01-01'.length);
  const ms = Date.parse(day);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(day);
}

/** Where one record writes two names that share a column, the older name shows. */
function isOlderName(
  name: string,
  write: Write,
  [knownName, known]: readonly [string, Write],
  rank: ReadonlyMap<string, number>,
): boolean {
  const isSameRecord = !isLater(known.order, write.order);
  return (
    isSameRecord &&
    (rank.get(name) ?? Number.POSITIVE_INFINITY) < (rank.get(knownName) ?? Number.POSITIVE_INFINITY)
  );
}
