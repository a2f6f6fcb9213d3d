import { Place, type Problem, problemText } from '../written/place.ts';
import { readAnyText } from '../written/read-value.ts';
import { WrittenObject } from '../written/written-object.ts';
import type { Convention } from './convention.ts';
import type { Definition, DefinitionProblem, SourcePlace } from './definition.ts';
import { readConvention } from './read-convention.ts';
import { readDefinition } from './read-definition.ts';
import { readYaml } from './yaml-source.ts';

/** The version of the format, which a file names first. */
const FORMAT = 1;

/** Definitions that one file may hold. */
const MOST_DEFINITIONS = 5000;

export type DefinitionFile = {
  readonly definitions: readonly Definition[];
  readonly convention?: { readonly asks: Convention; readonly place: SourcePlace };
  readonly problems: readonly DefinitionProblem[];
};

/** Reads a file of definitions (docs/DEFINITIONS.md). What is wrong is told with its place, all at once; the rest is read. */
export function readDefinitionFile(file: string, text: string): DefinitionFile {
  const yaml = readYaml(file, text);
  const error = (place: SourcePlace, problem: string): DefinitionProblem => ({
    place,
    severity: 'error',
    problem,
  });
  if (yaml.problems.length > 0) {
    return { definitions: [], problems: yaml.problems.map(({ place, problem }) => error(place, problem)) };
  }
  const problems: Problem[] = [];
  const place = new Place('', problems);
  const keys = ['definitions', 'convention', 'category', 'owner', 'events'];
  const written = WrittenObject.read(yaml.value, place, keys, 'an object with definitions: 1 and events');
  const told = () => problems.map((problem) => error(yaml.placeOf(problem.path), problemText(problem)));
  if (written === undefined) return { definitions: [], problems: told() };
  const format = written.required(
    'definitions',
    (value) => value,
    `definitions: ${FORMAT}, the version of the format`,
  );
  if (format !== undefined && format !== FORMAT) place.at('definitions').want(String(FORMAT), format);
  const asks = written.optional('convention', readConvention);
  const defaults = {
    category: written.or('category', readAnyText, ''),
    owner: written.or('owner', readAnyText, ''),
  };
  const entries = written.or('events', readEntries, []);
  const definitions = entries.flatMap((entry, index): readonly Definition[] => {
    const path = place.at('events').at(index);
    const read = readDefinition(entry, path, defaults);
    return read === undefined
      ? []
      : [{ ...read, place: yaml.placeOf(path.path), yaml: yaml.textOf(path.path) }];
  });
  return {
    definitions,
    ...(asks === undefined ? {} : { convention: { asks, place: yaml.placeOf('convention') } }),
    problems: told(),
  };
}

function readEntries(value: unknown, place: Place): readonly unknown[] | undefined {
  if (!Array.isArray(value)) return place.want('a list of definitions', value);
  if (value.length > MOST_DEFINITIONS) {
    return place.refuse(
      `want at most ${MOST_DEFINITIONS} definitions in a file, current number is ${value.length}`,
    );
  }
  return value;
}
