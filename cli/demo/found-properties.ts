import { ask } from '../clickhouse-access.ts';
import type { Figures } from './figures.ts';
import type { Place } from './found.ts';
import type { Properties } from './story.ts';
import type { Truth } from './truth.ts';

type Expected = Pick<Truth, 'userProperties' | 'accountProperties'>;

/** How many people and accounts there are whose properties can be compared. */
export function expectedProperties({ userProperties, accountProperties }: Expected): Figures {
  return {
    properties: {
      'people with all of them right': userProperties.size,
      'accounts with all of them right': accountProperties.size,
    },
  };
}

/** How many of them have exactly the properties they must have, as readers see them. */
export async function findProperties(place: Place, expected: Expected): Promise<Figures> {
  const users = await ask<Record<string, unknown>>(place.clickhouse, {
    sql: 'SELECT * FROM {database:Identifier}.users WHERE identity IS NOT NULL',
    params: { database: place.environment.name },
  });
  const found = new Map(users.map((user) => [user['identity'] as string, user]));
  const accounts = await accountsOf(place);
  return {
    properties: {
      'people with all of them right': countRight(
        expected.userProperties,
        (identity) => found.get(identity),
        columnOf,
      ),
      'accounts with all of them right': countRight(
        expected.accountProperties,
        (id) => accounts.get(id),
        (key) => key,
      ),
    },
  };
}

function countRight(
  expected: ReadonlyMap<string, Properties>,
  foundOf: (name: string) => Readonly<Record<string, unknown>> | undefined,
  nameOf: (key: string) => string,
): number {
  return [...expected].filter(([name, properties]) => {
    const found = foundOf(name);
    return Object.entries(properties).every(([key, value]) => found?.[nameOf(key)] === value);
  }).length;
}

/** Column of a property in the view of users. */
function columnOf(key: string): string {
  return key.toLowerCase().replaceAll(/[^a-z0-9]+/g, '_');
}

/** Accounts have no view of their own: their changes, oldest first, laid over each other. */
async function accountsOf({
  clickhouse,
  environment,
  generation,
}: Place): Promise<Map<string, Record<string, unknown>>> {
  const changes = await ask<{ account_id: string; set: string }>(clickhouse, {
    sql: `SELECT account_id, toJSONString(properties) AS set FROM cairn.account_properties
WHERE generation = {generation:UInt16} AND environment = {environment:UInt16}
ORDER BY time, received_at, origin_partition, origin_offset`,
    params: { generation, environment: environment.number },
  });
  const accounts = new Map<string, Record<string, unknown>>();
  for (const { account_id, set } of changes)
    Object.assign(
      accounts.getOrInsertComputed(account_id, () => ({})),
      JSON.parse(set),
    );
  return accounts;
}
