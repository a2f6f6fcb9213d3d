import type { ClickHouseClient } from '@clickhouse/client';
import { didYouMean } from '#lib/near-names.ts';
import type { DefinitionProblem } from '#queries/definitions/definition.ts';
import { type DefinitionSet, hidesText, isJust } from '#queries/definitions/definition-set.ts';
import { type DefinitionCount, definitionCountsQuery } from '#queries/definitions/definition-view.ts';
import type { EventMatch } from '#queries/event-match.ts';
import { type EventNameRow, eventNamesQuery } from '#queries/event-names.ts';
import { Parameters } from '#queries/parameters.ts';
import { ask } from '../clickhouse-access.ts';
import { CommandError } from '../usage-error.ts';

const DAY_MS = 86_400_000;

/** Days in which a definition should have happened. */
export const WATCHED_DAYS = 30;

/** What one query looks at: each definition is a scan of its own, and its conditions go into the address of the request. */
const MOST_AT_ONCE = 20;
const MOST_CHARACTERS = 100_000;

/** Parts of a list that one query can take. */
function portionsOf<T>(list: readonly T[]): readonly (readonly T[])[] {
  const portions: T[][] = [];
  let length = 0;
  for (const one of list) {
    const own = JSON.stringify(one).length;
    const last = portions.at(-1);
    if (last === undefined || last.length >= MOST_AT_ONCE || length + own > MOST_CHARACTERS) {
      portions.push([one]);
      length = own;
    } else {
      last.push(one);
      length += own;
    }
  }
  return portions;
}

/** How often each of some events happened since a time (epoch ms), in their order. */
export async function countMatches(
  clickhouse: ClickHouseClient,
  environment: number,
  matches: readonly EventMatch[],
  fromMs: number,
): Promise<readonly DefinitionCount[]> {
  const counts: DefinitionCount[] = [];
  for (const some of portionsOf(matches)) {
    counts.push(
      ...(await ask<DefinitionCount>(clickhouse, definitionCountsQuery(environment, some, fromMs))),
    );
  }
  return counts;
}

/** Throws CommandError where ClickHouse does not take a regular expression that somebody wrote. */
export async function checkPatterns(clickhouse: ClickHouseClient, { events }: DefinitionSet): Promise<void> {
  const patterns = events.flatMap(({ definition, match }) =>
    match.anyOf
      .flatMap(({ where = [] }) => where)
      .flatMap((condition) =>
        condition.is === 'matching' ? [{ definition, pattern: condition.value }] : [],
      ),
  );
  for (const some of portionsOf(patterns)) {
    const refused = await refusalOf(
      clickhouse,
      some.map(({ pattern }) => pattern),
    );
    if (refused === undefined) continue;
    for (const { definition, pattern } of some) {
      const reason = await refusalOf(clickhouse, [pattern]);
      if (reason === undefined) continue;
      const { file, line, column } = definition.place;
      throw new CommandError(
        `${file}:${line}:${column}: ${JSON.stringify(definition.name)} has a regular expression that cannot be used: ${reason}`,
      );
    }
  }
}

/** Why ClickHouse does not take one of some regular expressions; undefined where it takes them. */
async function refusalOf(
  clickhouse: ClickHouseClient,
  patterns: readonly string[],
): Promise<string | undefined> {
  const parameters = new Parameters();
  const terms = patterns.map((pattern) => `match('', ${parameters.add(pattern, 'String')})`);
  try {
    await ask(clickhouse, { sql: `SELECT [${terms.join(', ')}] AS matched`, params: parameters.values });
    return undefined;
  } catch (error) {
    if (error instanceof CommandError && error.message.startsWith('ClickHouse: ')) return error.message;
    throw error;
  }
}

/** What only the data tell: names that hide an event, events that nobody sends, definitions that match nothing. */
export async function dataProblems(
  clickhouse: ClickHouseClient,
  environment: number,
  { events }: DefinitionSet,
  nowMs: number,
): Promise<readonly DefinitionProblem[]> {
  const rows = await ask<EventNameRow>(clickhouse, eventNamesQuery(environment));
  const names = rows.map(({ name }) => name);
  const known = new Set(names);
  const counts = await countMatches(
    clickhouse,
    environment,
    events.map(({ match }) => match),
    nowMs - WATCHED_DAYS * DAY_MS,
  );
  return events.flatMap(({ definition, match }, index): DefinitionProblem[] => {
    const { name, place } = definition;
    const unknown = match.anyOf
      .flatMap((pattern) => pattern.names ?? [])
      .filter((event) => !known.has(event));
    const isSilent = counts[index]?.events === 0;
    return [
      ...(known.has(name) && !isJust(match, name)
        ? [{ place, severity: 'error' as const, problem: hidesText(name, 'which is sent') }]
        : []),
      ...[...new Set(unknown)].map((event) => ({
        place,
        severity: 'warning' as const,
        problem: `${JSON.stringify(name)} reads the event ${JSON.stringify(event)}, which was never sent${didYouMean(event, names)}`,
      })),
      ...(isSilent && unknown.length === 0
        ? [
            {
              place,
              severity: 'warning' as const,
              problem: `${JSON.stringify(name)} matched nothing in the last ${WATCHED_DAYS} days`,
            },
          ]
        : []),
    ];
  });
}
