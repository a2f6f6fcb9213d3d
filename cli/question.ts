import type { ClickHouseClient } from '@clickhouse/client';
import { type Environment, loadEnvironments } from '#lib/config/environments.ts';
import { ConfigError } from '#lib/errors.ts';
import { didYouMean } from '#lib/near-names.ts';
import { inlineParams } from '#queries/inline-params.ts';
import type { Query } from '#queries/query.ts';
import { openClickHouse } from './clickhouse-access.ts';
import { type Context, JSON_OPTION, type OptionTable } from './command.ts';
import { locateStack } from './locate-stack.ts';
import { readStackSettings } from './stack-settings.ts';
import { UsageError } from './usage-error.ts';

/** Option of every command that is about one environment. */
export const ENVIRONMENT_OPTION = {
  env: { type: 'string', value: 'NAME', doc: 'environment, where there are several' },
} as const satisfies OptionTable;

/** Options of a command whose answer is that of queries. */
export const QUESTION_OPTIONS = {
  ...ENVIRONMENT_OPTION,
  ...JSON_OPTION,
  sql: { type: 'boolean', doc: 'print the query instead of asking it' },
} as const satisfies OptionTable;

/** The environment that an option names; the only one where it is left out. Throws UsageError. */
export function environmentOf({ env }: Context, name: string | undefined): Environment {
  let environments: readonly Environment[];
  try {
    environments = loadEnvironments(readStackSettings(env).CAIRN_ENVIRONMENTS);
  } catch (error) {
    throw error instanceof ConfigError ? new UsageError(error.message) : error;
  }
  const names = environments.map((environment) => environment.name);
  const found = name === undefined ? environments[0] : environments.find((one) => one.name === name);
  if (name === undefined && environments.length > 1) {
    throw new UsageError(`There are several environments: choose one with --env, of ${names.join(', ')}`);
  }
  if (found === undefined) {
    throw new UsageError(
      `Unknown environment ${JSON.stringify(name)}${didYouMean(name ?? '', names)}; there is ${names.join(', ')}`,
    );
  }
  return found;
}

/** What `--sql` prints: the query to read, or with --json the text and its parameters. */
export function queryText(query: Query, json: boolean): string {
  return json ? `${JSON.stringify(query)}\n` : `${inlineParams(query)}\n`;
}

/** Asks ClickHouse of the located stack and closes the connection. */
export async function withClickHouse<T>(
  context: Context,
  use: (clickhouse: ClickHouseClient) => Promise<T>,
): Promise<T> {
  const clickhouse = openClickHouse((await locateStack(context, ['clickhouse'])).clickhouseUrl);
  try {
    return await use(clickhouse);
  } finally {
    await clickhouse.close();
  }
}
