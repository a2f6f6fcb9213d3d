import type { ClickHouseClient } from '@clickhouse/client';
import type { Environment } from '#lib/config/environments.ts';
import { didYouMean } from '#lib/near-names.ts';
import type { AppliedDefinition } from '#queries/definitions/applied-definitions.ts';
import type { DefinedEvent } from '#queries/definitions/definition.ts';
import type { DefinitionSet } from '#queries/definitions/definition-set.ts';
import { definitionEventsQuery, definitionsDatabase } from '#queries/definitions/definition-view.ts';
import type { Condition, EventPattern } from '#queries/event-match.ts';
import { inlineParams } from '#queries/inline-params.ts';
import type { Query } from '#queries/query.ts';
import { conditionText } from '#queries/written/condition-text.ts';
import { ask } from '../clickhouse-access.ts';
import { renderTable, thousands } from '../table.ts';
import { CommandError } from '../usage-error.ts';
import { readApplied, readHistory } from './applied.ts';
import { countMatches } from './data-problems.ts';
import { definitionJson, renderDefinition } from './render-definitions.ts';

const WEEK_MS = 7 * 86_400_000;
const SAMPLES = 5;

type Sample = {
  readonly timeMs: number;
  readonly name: string;
  readonly user_id: number;
  readonly path: string | null;
  readonly target_text: string | null;
};

/** A definition with the events it stands for. Throws CommandError, with near names, where there is none of that name. */
export function findDefinition({ definitions, events }: DefinitionSet, name: string): DefinedEvent {
  const wanted = name.replace(/^@/, '');
  const found = events.find(({ definition }) => definition.name === wanted);
  if (found !== undefined) return found;
  if (definitions.some((definition) => definition.name === wanted)) {
    throw new CommandError(`${JSON.stringify(wanted)} is archived: it stands for nothing any more`);
  }
  const names = events.map(({ definition }) => definition.name);
  const hint = didYouMean(wanted, names) || (names.length === 0 ? '; there are none' : '');
  throw new CommandError(`Unknown definition ${JSON.stringify(wanted)}${hint}`);
}

/** What a definition is, comes to and counts, and which forms it had. */
export async function showDefinition(
  clickhouse: ClickHouseClient,
  environment: Environment,
  event: DefinedEvent,
  nowMs: number,
): Promise<{ document: object; text: string }> {
  const { definition, match } = event;
  const [count] = await countMatches(clickhouse, environment.number, [match], nowMs - WEEK_MS);
  const samples = await ask<Sample>(clickhouse, samplesQuery(environment.number, event));
  const history = await readHistory(clickhouse, environment, definition.name);
  const database = definitionsDatabase(environment);
  const { events = 0, users = 0, lastMs = 0 } = count ?? {};
  const sql = inlineParams(definitionEventsQuery(environment.number, match));
  const text = [
    renderDefinition(event, database),
    `written as\n${definition.yaml.replace(/^/gm, '  ')}\n`,
    `stands for\n${match.anyOf.map((pattern) => `  ${patternText(pattern)}\n`).join('')}`,
    `last 7 days: ${thousands(events)} events of ${thousands(users)} users${events === 0 ? '' : `, the last at ${timeText(lastMs)}`}\n`,
    ...(samples.length === 0 ? [] : [renderSamples(samples)]),
    ...(history.length === 0 ? ['never applied: it has no view yet\n'] : [renderHistory(history)]),
    `${sql}\n`,
  ].join('\n');
  return {
    document: {
      ...definitionJson(definition),
      database,
      match,
      lastWeek: { events, users, lastMs: events === 0 ? null : lastMs },
      samples,
      history,
      sql,
    },
    text,
  };
}

/** What a definition meant at a time, as it was applied then. Throws CommandError where it was not. */
export async function showApplied(
  clickhouse: ClickHouseClient,
  environment: Environment,
  name: string,
  atMs: number,
): Promise<{ document: object; text: string }> {
  const wanted = name.replace(/^@/, '');
  const rows = await readApplied(clickhouse, environment, atMs);
  const row = rows.find((one) => one.name === wanted && one.state === 'applied');
  if (row === undefined) {
    const names = rows.filter(({ state }) => state === 'applied').map((one) => one.name);
    throw new CommandError(
      `${JSON.stringify(wanted)} was not applied at ${timeText(atMs)}${didYouMean(wanted, names)}`,
    );
  }
  const meaning = JSON.parse(row.meaning) as readonly EventPattern[];
  return {
    document: { ...row, meaning },
    text: `${row.name}, version ${row.version} (${row.hash}), applied ${timeText(row.appliedAtMs)}

${row.yaml}

stood for
${meaning.map((pattern) => `  ${patternText(pattern)}\n`).join('')}`,
  };
}

/** The newest events of a definition. */
function samplesQuery(environment: number, { match }: DefinedEvent): Query {
  const { sql, params } = definitionEventsQuery(environment, match);
  return {
    sql: `SELECT toUnixTimestamp64Milli(time) AS timeMs, name, user_id, path, target_text FROM (${sql}
)
ORDER BY time DESC, event_id LIMIT ${SAMPLES}`,
    params,
  };
}

/** A pattern in words. What a selector comes to can be read in the SQL. */
function patternText({ names, where = [] }: EventPattern): string {
  const which = names === undefined ? 'any event' : names.join(' or ');
  const isOfElement = ({ property }: Condition) => property.of === 'field' && property.name === 'hierarchy';
  const conditions = [
    ...(where.some(isOfElement) ? ['the element fits the selector'] : []),
    ...where.filter((condition) => !isOfElement(condition)).map(conditionText),
  ];
  return conditions.length === 0 ? which : `${which} where ${conditions.join(' and ')}`;
}

const timeText = (ms: number) => new Date(ms).toISOString().slice(0, 19);

function renderSamples(samples: readonly Sample[]): string {
  return renderTable(
    [
      { title: 'time' },
      { title: 'event' },
      { title: 'user', right: true },
      { title: 'path' },
      { title: 'text' },
    ],
    samples.map(({ timeMs, name, user_id, path, target_text }) => [
      timeText(timeMs),
      name,
      String(user_id),
      path ?? '',
      (target_text ?? '').replace(/[\p{Cc}\s]+/gu, ' ').slice(0, 40),
    ]),
  );
}

function renderHistory(history: readonly AppliedDefinition[]): string {
  return renderTable(
    [
      { title: 'applied' },
      { title: 'state' },
      { title: 'version', right: true },
      { title: 'hash' },
      { title: 'owner' },
    ],
    history.map(({ appliedAtMs, state, version, hash, owner }) => [
      timeText(appliedAtMs),
      state,
      String(version),
      hash,
      owner || '-',
    ]),
  );
}
