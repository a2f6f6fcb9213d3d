import type { ClickHouseClient } from '@clickhouse/client';
import { identifier } from '#lib/clickhouse/sql-text.ts';
import type { Environment } from '#lib/config/environments.ts';
import {
  APPLIED_DEFINITIONS_SQL,
  type AppliedDefinition,
  type AppliedRow,
  appliedQuery,
  historyQuery,
} from '#queries/definitions/applied-definitions.ts';
import type { DefinitionPlan, FoundView } from '#queries/definitions/definition-plan.ts';
import { definitionsDatabase } from '#queries/definitions/definition-view.ts';
import { ask, clickHouseFailure } from '../clickhouse-access.ts';
import { CommandError } from '../usage-error.ts';

async function hasTable(clickhouse: ClickHouseClient): Promise<boolean> {
  const rows = await ask<{ name: string }>(clickhouse, {
    sql: "SELECT name FROM system.tables WHERE database = 'cairn' AND name = 'definitions'",
    params: {},
  });
  return rows.length > 0;
}

/** What was in force at a time (epoch ms; undefined = now), removed ones included. */
export async function readApplied(
  clickhouse: ClickHouseClient,
  { number }: Environment,
  atMs?: number,
): Promise<readonly AppliedDefinition[]> {
  return (await hasTable(clickhouse)) ? ask<AppliedDefinition>(clickhouse, appliedQuery(number, atMs)) : [];
}

/** Every form that a definition had, the newest first. */
export async function readHistory(
  clickhouse: ClickHouseClient,
  { number }: Environment,
  name: string,
): Promise<readonly AppliedDefinition[]> {
  return (await hasTable(clickhouse)) ? ask<AppliedDefinition>(clickhouse, historyQuery(number, name)) : [];
}

/** Tables and views that the database of definitions has. */
export function readViews(clickhouse: ClickHouseClient, environment: Environment): Promise<FoundView[]> {
  return ask<FoundView>(clickhouse, {
    sql: 'SELECT name, comment FROM system.tables WHERE database = {database:String}',
    params: { database: definitionsDatabase(environment) },
  });
}

/**
 * Makes and drops views, and notes each change down behind it: one that was interrupted is made again, and noted twice at most. Throws
 * CommandError in ClickHouse's words.
 */
export async function carryOut(
  clickhouse: ClickHouseClient,
  environment: Environment,
  { changes }: DefinitionPlan,
): Promise<void> {
  try {
    const database = identifier(definitionsDatabase(environment));
    for (const query of [...APPLIED_DEFINITIONS_SQL, `CREATE DATABASE IF NOT EXISTS ${database}`]) {
      await clickhouse.command({ query });
    }
    for (const { sql, row } of changes) {
      if (sql !== undefined) await clickhouse.command({ query: sql });
      if (row !== undefined) await note(clickhouse, row);
    }
  } catch (error) {
    throw clickHouseFailure(error);
  }
}

function note(clickhouse: ClickHouseClient, row: AppliedRow): Promise<unknown> {
  return clickhouse.insert({ table: 'cairn.definitions', format: 'JSONEachRow', values: [row] });
}

/** Throws CommandError where a name of the registry, or a server without a loader's tables, stands in the way. */
export async function checkPlace(
  clickhouse: ClickHouseClient,
  environment: Environment,
  environments: readonly Environment[],
): Promise<void> {
  const database = definitionsDatabase(environment);
  if (environments.some(({ name }) => name === database)) {
    throw new CommandError(
      `Cannot keep the definitions of ${environment.name} in ${database}: there is an environment of that name`,
    );
  }
  const rows = await ask<{ name: string }>(clickhouse, {
    sql: "SELECT name FROM system.tables WHERE database = 'cairn' AND name = 'resolved_events'",
    params: {},
  });
  if (rows.length === 0) {
    throw new CommandError('There are no events to define anything over: no loader has made its tables yet');
  }
}
