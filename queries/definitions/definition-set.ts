import { columnName } from '#schemas/names.ts';
import type { EventMatch, EventPattern } from '../event-match.ts';
import { type Convention, NO_CONVENTION } from './convention.ts';
import { conventionProblems } from './convention-problems.ts';
import {
  type DefinedEvent,
  type Definition,
  type DefinitionProblem,
  definitionProblemText,
  isCombo,
} from './definition.ts';
import { type DefinitionFile, readDefinitionFile } from './read-definition-file.ts';
import { resolveDefinitions } from './resolve-definitions.ts';

/** All definitions of a folder. */
export type DefinitionSet = {
  /** In the order they are written, archived ones included. */
  readonly definitions: readonly Definition[];
  /** Those that stand for events: neither archived nor wrong. */
  readonly events: readonly DefinedEvent[];
  readonly convention: Convention;
  /** By place. */
  readonly problems: readonly DefinitionProblem[];
};

/** Reads files, in the order of their names, and checks what is in them against each other and the convention. */
export function readDefinitions(
  files: readonly { readonly file: string; readonly text: string }[],
): DefinitionSet {
  const read = files
    .toSorted((a, b) => (a.file < b.file ? -1 : 1))
    .map(({ file, text }) => readDefinitionFile(file, text));
  const definitions = read.flatMap((file) => file.definitions);
  const { convention, problems: conventions } = conventionOf(read);
  const { events, problems } = resolveDefinitions(definitions);
  return {
    definitions,
    events,
    convention,
    problems: [
      ...read.flatMap((file) => file.problems),
      ...conventions,
      ...problems,
      ...sameNames(definitions),
      ...sameMeanings(events),
      ...hiddenEvents(definitions, events),
      ...conventionProblems(definitions, convention),
    ].toSorted(byPlace),
  };
}

/** The events that questions may name, by the name of their definition. */
export function definedEvents({ events }: DefinitionSet): ReadonlyMap<string, EventMatch> {
  return new Map(events.map(({ definition, match }) => [definition.name, match]));
}

/** Name of the view of a definition, by the rule that names tables of events. */
export function viewName(definitionName: string): string {
  return columnName(definitionName);
}

function byPlace(a: DefinitionProblem, b: DefinitionProblem): number {
  const [one, other] = [a.place, b.place];
  if (one.file !== other.file) return one.file < other.file ? -1 : 1;
  return one.line - other.line || one.column - other.column;
}

const error = ({ place }: Pick<Definition, 'place'>, problem: string): DefinitionProblem => ({
  place,
  severity: 'error',
  problem,
});

const quoted = (name: string) => JSON.stringify(name);
const placeText = ({ place: { file, line } }: Pick<Definition, 'place'>) => `${file}:${line}`;

function conventionOf(files: readonly DefinitionFile[]): {
  convention: Convention;
  problems: readonly DefinitionProblem[];
} {
  const [first, ...others] = files.flatMap(({ convention = [] }) => convention);
  return {
    convention: first?.asks ?? NO_CONVENTION,
    problems: others.map(({ place }) =>
      error(
        { place },
        `there is a convention already, at ${placeText(first as { place: Definition['place'] })}`,
      ),
    ),
  };
}

/** Names are compared as their views are named: those of two definitions cannot share one. */
function sameNames(definitions: readonly Definition[]): readonly DefinitionProblem[] {
  const first = new Map<string, Definition>();
  return definitions.flatMap((definition) => {
    const view = viewName(definition.name);
    const before = first.get(view);
    if (before === undefined) {
      first.set(view, definition);
      return [];
    }
    return before.name === definition.name
      ? [error(definition, `${quoted(definition.name)} is defined already, at ${placeText(before)}`)]
      : [
          error(
            definition,
            `${quoted(definition.name)} and ${quoted(before.name)}, at ${placeText(before)}, would have the same view ${view}`,
          ),
        ];
  });
}

/** The same events in the same words, whatever the order; two that differ in words may still be the same. */
function meaningText(anyOf: readonly EventPattern[]): string {
  const patterns = anyOf.map(({ names, where = [] }) =>
    JSON.stringify([
      names?.toSorted(),
      where
        .map((condition) =>
          JSON.stringify(
            'values' in condition ? { ...condition, values: condition.values.toSorted() } : condition,
          ),
        )
        .toSorted(),
    ]),
  );
  return [...new Set(patterns)].toSorted().join();
}

function sameMeanings(events: readonly DefinedEvent[]): readonly DefinitionProblem[] {
  const first = new Map<string, Definition>();
  return events.flatMap(({ definition, match }) => {
    const meaning = meaningText(match.anyOf);
    const before = first.get(meaning);
    if (before === undefined) first.set(meaning, definition);
    return before === undefined || before.name === definition.name
      ? []
      : [
          error(
            definition,
            `${quoted(definition.name)} means the same as ${quoted(before.name)}, at ${placeText(before)}: use one, or archive one`,
          ),
        ];
  });
}

/** A definition that has the name of an event which some definition reads, and stands for something else. */
function hiddenEvents(
  definitions: readonly Definition[],
  events: readonly DefinedEvent[],
): readonly DefinitionProblem[] {
  const read = new Map<string, Definition>();
  for (const definition of definitions)
    for (const name of eventNamesOf(definition)) read.set(name, definition);
  return events.flatMap(({ definition, match }) => {
    const reader = read.get(definition.name);
    return reader === undefined || isJust(match, definition.name)
      ? []
      : [error(definition, hidesText(definition.name, `which ${placeText(reader)} reads`))];
  });
}

/** Whether a definition stands for all events of a name and for nothing else. */
export function isJust(match: EventMatch, name: string): boolean {
  return meaningText(match.anyOf) === meaningText([{ names: [name] }]);
}

export function hidesText(name: string, whose: string): string {
  return `${quoted(name)} hides the event of that name, ${whose}, and means something else`;
}

function eventNamesOf({ meaning }: Definition): readonly string[] {
  return isCombo(meaning)
    ? meaning.anyOf.flatMap((part) => ('event' in part ? [part.event] : []))
    : (meaning.names ?? []);
}

/** The problems that are errors, as lines of text. */
export function errorsOf({ problems }: DefinitionSet): readonly string[] {
  return problems.filter(({ severity }) => severity === 'error').map(definitionProblemText);
}
