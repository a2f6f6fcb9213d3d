import type { ClickHouseClient } from '@clickhouse/client';
import { didYouMean } from '#lib/near-names.ts';
import type { DefinitionProblem } from '#queries/definitions/definition.ts';
import { type DefinitionSet, hidesText, isJust } from '#queries/definitions/definition-set.ts';
import { type DefinitionCount, definitionCountsQuery } from '#queries/definitions/definition-view.ts';
import type { EventMatch } from '#queries/event-match.ts';
import { type EventNameRow, eventNamesQuery } from '#queries/event-names.ts';
import { ask } from '../clickhouse-access.ts';
import { CommandError } from '../usage-error.ts';

const DAY_MS = 86_400_000;

/** Days in which a definition should have happened. */
export const WATCHED_DAYS = 30;

/** Definitions that one query counts: each is a scan of its own. */
const COUNTED_AT_ONCE = 20;

/** How often each of some events happened since a time (epoch ms), in their order. */
export async function countMatches(
  clickhouse: ClickHouseClient,
  environment: number,
  matches: readonly EventMatch[],
  fromMs: number,
): Promise<readonly DefinitionCount[]> {
  const counts: DefinitionCount[] = [];
  for (let from = 0; from < matches.length; from += COUNTED_AT_ONCE) {
    const some = matches.slice(from, from + COUNTED_AT_ONCE);
    const rows = await ask<DefinitionCount>(clickhouse, definitionCountsQuery(environment, some, fromMs));
    counts.push(...rows.map((row) => ({ ...row, place: row.place + from })));
  }
  return counts;
}

/** Throws CommandError where ClickHouse does not take a regular expression of a definition. */
export async function checkPatterns(clickhouse: ClickHouseClient, { events }: DefinitionSet): Promise<void> {
  for (const { definition, match } of events) {
    for (const condition of match.anyOf.flatMap(({ where = [] }) => where)) {
      if (condition.is !== 'matching') continue;
      const query = {
        sql: "SELECT match('', {pattern:String}) AS matched",
        params: { pattern: condition.value },
      };
      try {
        await ask(clickhouse, query);
      } catch (error) {
        if (!(error instanceof CommandError)) throw error;
        const { file, line, column } = definition.place;
        throw new CommandError(
          `${file}:${line}:${column}: ${JSON.stringify(definition.name)} has a regular expression that cannot be used: ${error.message}`,
          { cause: error },
        );
      }
    }
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
