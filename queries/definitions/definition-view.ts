import { identifier, literal } from '#lib/clickhouse/sql-text.ts';
import type { EventMatch } from '../event-match.ts';
import { inlineParams } from '../inline-params.ts';
import { capturedSql, namesOf, patternSql, tablesOf } from '../matched-rows.ts';
import { Parameters } from '../parameters.ts';
import { FIELDS } from '../property-ref.ts';
import type { Query } from '../query.ts';
import type { DefinedEvent } from './definition.ts';
import { viewName } from './definition-set.ts';

/** An environment as far as views of definitions need it. */
export type DefinitionEnvironment = { readonly number: number; readonly name: string };

/** Database of an environment's views of definitions. */
export function definitionsDatabase({ name }: Pick<DefinitionEnvironment, 'name'>): string {
  return `${name}_definitions`;
}

/** Columns of a definition's view: those of `all_events`, and what is captured with every event, where empty is NULL. */
const COLUMNS: readonly (readonly [column: string, expression: string])[] = [
  ['event_id', 'e.event_id'],
  ['user_id', 'e.user_id'],
  ['session_id', 'nullIf(e.session_id, 0)'],
  ['time', 'e.time'],
  ['event_table_name', 'e.event_table_name'],
  ['device_id', 'e.device_id'],
  ['name', 'e.name'],
  ['received_at', 'e.received_at'],
  ['pageview_id', 'nullIf(e.pageview_id, 0)'],
  ['source', 'e.source'],
  ['is_bot', 'e.is_bot'],
  ...FIELDS.filter((field) => field !== 'source' && field !== 'is_bot').map(
    // As the event views call it.
    (field) => [field === 'previous_page' ? 'heap_previous_page' : field, `nullIf(e.${field}, '')`] as const,
  ),
  ['properties', 'e.properties'],
];

/** Condition for the rows of `cairn.resolved_events AS e` that a definition stands for, in one environment. */
function rowsOf(environment: number, { anyOf }: EventMatch, parameters: Parameters): string {
  const names = namesOf(anyOf);
  const patterns = anyOf.map((pattern) =>
    patternSql(pattern, parameters, (property) => capturedSql(property, parameters, 'e'), 'e.name'),
  );
  return [
    `e.environment = ${parameters.add(environment, 'UInt16')}`,
    // By this storage is sorted.
    ...(names === undefined
      ? []
      : [`e.event_table_name IN ${parameters.add(tablesOf(names), 'Array(String)')}`]),
    `(${patterns.join('\n    OR ')})`,
  ].join('\n  AND ');
}

/** The events of a definition, as its view has them. */
export function definitionEventsQuery(environment: number, match: EventMatch): Query {
  const parameters = new Parameters();
  const columns = COLUMNS.map(([column, expression]) => `${expression} AS ${identifier(column)}`);
  return {
    sql: `SELECT ${columns.join(', ')}
FROM cairn.resolved_events AS e
WHERE ${rowsOf(environment, match, parameters)}`,
    params: parameters.values,
  };
}

/** How often definitions happened since a time (epoch ms), and to how many users: a row for each, by its place. */
export function definitionCountsQuery(
  environment: number,
  matches: readonly EventMatch[],
  fromMs: number,
): Query {
  const parameters = new Parameters();
  const counts = matches.map(
    (
      match,
      index,
    ) => `SELECT ${index} AS place, count() AS events, uniqExact(e.user_id) AS users, max(e.time) AS last
FROM cairn.resolved_events AS e
WHERE ${rowsOf(environment, match, parameters)}
  AND e.time >= fromUnixTimestamp64Milli(${parameters.add(fromMs, 'Int64')}, 'UTC')`,
  );
  return {
    sql: `SELECT place, events, users, toUnixTimestamp64Milli(last) AS lastMs FROM (
${counts.join('\nUNION ALL\n')}
) ORDER BY place`,
    params: parameters.values,
  };
}

/** A row of definitionCountsQuery. */
export type DefinitionCount = {
  readonly place: number;
  readonly events: number;
  readonly users: number;
  /** Epoch ms; 0 where there is none. */
  readonly lastMs: number;
};

/** By this a view is known as one that was made here. */
export const VIEW_MARK = 'Made by cairn definitions apply';

/** The statement that makes or replaces a definition's view. `hash` goes into the view's comment. */
export function definitionViewSql(
  environment: DefinitionEnvironment,
  { definition, match }: DefinedEvent,
  hash: string,
): string {
  const { name, description } = definition;
  const comment = `${VIEW_MARK} (${hash}): ${name}${description === '' ? '' : `. ${description}`}`;
  const view = `${identifier(definitionsDatabase(environment))}.${identifier(viewName(name))}`;
  return `CREATE OR REPLACE VIEW ${view} AS
${inlineParams(definitionEventsQuery(environment.number, match))}
COMMENT ${literal(comment)}`;
}

/** The statement that removes a view. */
export function dropViewSql(environment: DefinitionEnvironment, view: string): string {
  return `DROP VIEW IF EXISTS ${identifier(definitionsDatabase(environment))}.${identifier(view)}`;
}
