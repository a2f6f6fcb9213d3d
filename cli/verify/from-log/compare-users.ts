import type { UserRow } from '#queries/resolved-rows.ts';
import { columnName, isAddressable } from '#schemas/names.ts';
import { type Comparison, type DifferentRow, differentColumns, onlyFound, onlyInLog } from './findings.ts';
import { isLater, type Write } from './people.ts';
import { scalarText } from './row-text.ts';
import type { User } from './users.ts';

/** Columns of the view that no property may take. */
const BUILT_IN = new Set(['user_id', 'identity', 'handle', 'email', 'joindate', 'last_modified']);
/** Properties of exactly these names fill a built-in column. */
const FILLING = new Set(['handle', 'email']);
/** Properties of an environment that get a column; which ones depends on when a loader first met them. */
const MOST_COLUMNS = 1000;

/** The column of the view of users that shows a property; undefined where SQL cannot name it. */
export function userColumn(property: string): string | undefined {
  if (!isAddressable(property)) return undefined;
  if (FILLING.has(property)) return property;
  const plain = columnName(property);
  return BUILT_IN.has(plain) ? `${plain}_property` : plain;
}

/** Compares the view of users of an environment with the users of the log. */
export async function compareUsers(
  environment: number,
  users: ReadonlyMap<number, User>,
  rows: AsyncIterable<UserRow>,
  propertyNames: readonly string[],
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
      ...differentProperties(user, row, rank, mayLack),
    ];
    if (columns.length > 0) different.push({ ...at, columns });
  }
  for (const id of users.keys())
    if (!seen.has(id))
      different.push(onlyInLog({ environment, id, key: `user ${id} (environment ${environment})` }));
  return { compared: users.size + surplus, different };
}

const NOT_PROPERTIES = new Set(['user_id', 'identity', 'joindateMs', 'lastModifiedMs']);

function differentProperties(
  { writes }: User,
  row: UserRow,
  rank: ReadonlyMap<string, number>,
  mayLack: boolean,
): DifferentRow['columns'] {
  const byColumn = new Map<string, [name: string, write: Write]>();
  for (const [name, write] of writes) {
    const column = userColumn(name);
    if (column === undefined) continue;
    const known = byColumn.get(column);
    if (known === undefined || isLater(write.order, known[1].order) || isOlderName(name, write, known, rank))
      byColumn.set(column, [name, write]);
  }
  const columns = [...byColumn].flatMap(([column, [, { value }]]) => {
    const found = row[column];
    if (found === undefined && mayLack) return [];
    const isEqual =
      found === value ||
      (typeof found === 'string' && found === scalarText(value)) ||
      // The built-in columns show empty text as NULL.
      (FILLING.has(column) && value === '' && found === null);
    return isEqual ? [] : [{ column, log: value, found: (found ?? null) as string | null }];
  });
  const unexpected = Object.entries(row)
    .filter(([column, found]) => found !== null && !byColumn.has(column) && !NOT_PROPERTIES.has(column))
    .map(([column, found]) => ({ column, log: null, found: found as string }));
  return [...columns, ...unexpected];
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
