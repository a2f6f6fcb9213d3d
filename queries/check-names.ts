import { didYouMean, nearNames } from '#lib/near-names.ts';
import { shownText } from '#lib/shown-text.ts';
import { columnName } from '#schemas/names.ts';
import { FIELDS, type PropertyRef, type PropertyScope, propertyText } from './property-ref.ts';
import type { Ask, Query } from './query.ts';
import { namesOf, type QuestionNames } from './question-names.ts';
import type { QuestionScope } from './question-scope.ts';
import type { Question } from './questions.ts';
import { writtenProperty } from './written/property-text.ts';

/** A name that there is. `scope` is that of `cairn.names`, or the readers' view that has a column of the name. */
export type KnownName = {
  readonly scope: 'event' | 'event_property' | 'sessions' | 'users' | 'accounts';
  readonly name: string;
};

const VIEWS = { session: 'sessions', user: 'users', account: 'accounts' } as const;

/** The registry of names has room for so many of one scope: beyond that, a name that is not in it may be one all the same. */
const MOST_REGISTERED = 20_000;

const COLUMNS = `SELECT toString(table) AS scope, name FROM system.columns
WHERE database = {database:String} AND table IN ('sessions', 'users', 'accounts')`;

/** Of some names those that there are, and the columns of the readers' views. */
export function knownNamesQuery({ environment, database }: QuestionScope, names: QuestionNames): Query {
  return {
    sql: `SELECT DISTINCT toString(scope) AS scope, name FROM cairn.names
WHERE environment = {environment:UInt16} AND (scope = 'event' AND name IN {events:Array(String)}
  OR scope = 'event_property' AND name IN {properties:Array(String)})
UNION ALL
${COLUMNS}`,
    params: {
      environment,
      database,
      events: names.events,
      properties: names.properties.filter(({ of }) => of === 'event').map(({ name }) => name),
    },
  };
}

/** Every name that a question may name, the oldest first. */
export function allNamesQuery({ environment, database }: QuestionScope): Query {
  return {
    sql: `SELECT scope, name FROM
(
  SELECT toString(scope) AS scope, name, min(first_seen) AS seen FROM cairn.names
  WHERE environment = {environment:UInt16} AND scope IN ('event', 'event_property')
  GROUP BY scope, name
  ORDER BY seen, name
)
UNION ALL
${COLUMNS}`,
    params: { environment, database },
  };
}

/**
 * What is wrong with the names of a question, each in a sentence with near names. A wrong name would otherwise look like an answer:
 * nobody did it. Costs one small query, and another one where a name is unknown.
 */
export async function checkNames(ask: Ask, question: Question): Promise<readonly string[]> {
  const names = namesOf(question);
  if (names.events.length + names.properties.length === 0) return [];
  const unknown = unknownNames(names, await ask<KnownName>(knownNamesQuery(question, names)));
  if (unknown.events.length + unknown.properties.length === 0) return [];
  return nameProblems(unknown, await ask<KnownName>(allNamesQuery(question)), question.database);
}

/** Those of some names that are not known. */
export function unknownNames(
  { events, properties }: QuestionNames,
  known: readonly KnownName[],
): QuestionNames {
  const has = (scope: KnownName['scope'], name: string) =>
    known.some((one) => one.scope === scope && one.name === name);
  return {
    events: events.filter((name) => !has('event', name)),
    properties: properties.filter(({ of, name }) => {
      if (of === 'field') return false;
      if (of === 'event') return !has('event_property', name);
      // Without the view there is more wrong than a name, which the answer will tell.
      return known.some(({ scope }) => scope === VIEWS[of]) && !has(VIEWS[of], columnName(name));
    }),
  };
}

/** Says of unknown names what may have been meant. */
export function nameProblems(
  { events, properties }: QuestionNames,
  all: readonly KnownName[],
  environment: string,
): readonly string[] {
  const namesIn = (scope: KnownName['scope']) =>
    all.filter((one) => one.scope === scope).map(({ name }) => name);
  const known = namesIn('event');
  if (known.length === 0) return [`There are no events in ${environment} yet`];
  const wrongEvents = known.length < MOST_REGISTERED ? events : [];
  const isFull = namesIn('event_property').length >= MOST_REGISTERED;
  return [
    ...wrongEvents.map((name) => {
      const hint =
        didYouMean(name, known) ||
        `; there is ${known.slice(0, 5).map(shownText).join(', ')}${known.length > 5 ? ', ...' : ''}`;
      return `Unknown event ${JSON.stringify(name)} in ${environment}${hint}`;
    }),
    ...properties
      .filter(({ of }) => of !== 'event' || !isFull)
      .map((property) => unknownProperty(property, namesIn, environment)),
  ];
}

function unknownProperty(
  property: PropertyRef,
  namesIn: (scope: KnownName['scope']) => readonly string[],
  environment: string,
): string {
  const candidates: Readonly<Record<PropertyScope, readonly string[]>> = {
    event: namesIn('event_property'),
    field: FIELDS,
    session: namesIn('sessions'),
    user: namesIn('users'),
    account: namesIn('accounts'),
  };
  const elsewhere = (Object.keys(candidates) as PropertyScope[]).filter(
    (of) =>
      of !== property.of &&
      candidates[of].includes(of === 'event' ? property.name : columnName(property.name)),
  );
  const meant = [
    ...elsewhere.map((of) => ({ of, name: property.name })),
    ...nearNames(property.name, candidates[property.of]).map((name) => ({ of: property.of, name })),
  ];
  const hint =
    meant.length === 0
      ? ''
      : `; did you mean ${meant.map((property) => shownText(writtenProperty(property))).join(', ')}?`;
  const what = property.of === 'event' ? 'property of events' : 'property';
  return `Unknown ${what} ${JSON.stringify(propertyText(property))} in ${environment}${hint}`;
}
