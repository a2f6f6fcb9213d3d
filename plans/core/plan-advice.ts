/** What can be read, and is better written otherwise. */
import { edits } from '#lib/near-names.ts';
import { columnName, tableName } from '#schemas/names.ts';
import type { Naming, Plan, PlannedProperty } from './plan.ts';

export type Advice = {
  readonly line: number;
  /** `problem`: against what the plan itself or the collector says. `hint`: likely a slip. */
  readonly level: 'problem' | 'hint';
  readonly message: string;
};

const FORMS: Readonly<Record<Naming, RegExp>> = {
  any: /(?:)/,
  'Title Case':
    /^[\p{Lu}\p{N}][\p{L}\p{N}]*(?:[ -](?:[\p{Lu}\p{N}(][\p{L}\p{N})]*|to|of|in|on|for|and|the|a|an|by|with|from))*$/u,
  'Sentence case': /^[\p{Lu}\p{N}][^_]*$/u,
  snake_case: /^[\p{Ll}\p{N}]+(?:_[\p{Ll}\p{N}]+)*$/u,
  camelCase: /^\p{Ll}[\p{L}\p{N}]*$/u,
  'kebab-case': /^[\p{Ll}\p{N}]+(?:-[\p{Ll}\p{N}]+)*$/u,
};

/** Names from this length on that are one edit apart are taken for one. */
const SLIP_FROM = 5;
/** Names that the collector refuses as user properties, in any casing. */
const RESERVED = ['id', 'user_id'];

/** Advice on a plan, in the order of its lines. */
export function planAdvice(plan: Plan): readonly Advice[] {
  const { events, naming, userProperties, accountProperties, eventProperties, pageviewProperties } = plan;
  const lists: readonly (readonly [string, readonly PlannedProperty[]])[] = [
    ...events.map(({ name, properties }) => [`event ${JSON.stringify(name)}`, properties] as const),
    ['event properties', eventProperties],
    ['pageview properties', pageviewProperties],
    ['user properties', userProperties],
    ['account properties', accountProperties],
  ];
  return [
    ...events.flatMap((event) => namedWrong(event, 'event', naming.events)),
    ...alike(events, tableName, 'view'),
    ...lists.flatMap(([where, properties]) => [
      ...properties.flatMap((property) => namedWrong(property, `${where}, property`, naming.properties)),
      ...alike(properties, columnName, 'column'),
    ]),
    ...differentlyWritten([...events.flatMap(({ properties }) => properties), ...eventProperties]),
    ...userProperties
      .filter(({ name }) => RESERVED.includes(name.toLowerCase()))
      .map(({ name, line }) =>
        problem(line, `user property ${JSON.stringify(name)}: the collector refuses the name`),
      ),
  ].toSorted((a, b) => a.line - b.line);
}

function problem(line: number, message: string): Advice {
  return { line, level: 'problem', message };
}

function hint(line: number, message: string): Advice {
  return { line, level: 'hint', message };
}

type Named = { readonly name: string; readonly line: number };

function namedWrong({ name, line }: Named, what: string, naming: Naming): readonly Advice[] {
  if (FORMS[naming].test(name)) return [];
  return [problem(line, `${what} ${JSON.stringify(name)}: the plan's names are in ${naming}`)];
}

/** Names of one list that end as one name in the warehouse, or are a slip apart. */
function alike(
  list: readonly Named[],
  warehouseName: (name: string) => string,
  what: string,
): readonly Advice[] {
  return list.flatMap((one, index) =>
    list.slice(0, index).flatMap((other) => {
      const names = `${JSON.stringify(one.name)} and ${JSON.stringify(other.name)} (line ${other.line})`;
      if (warehouseName(one.name) === warehouseName(other.name))
        return [problem(one.line, `${names} would share the ${what} ${warehouseName(one.name)}`)];
      const shorter = Math.min(one.name.length, other.name.length);
      return shorter >= SLIP_FROM && edits(one.name.toLowerCase(), other.name.toLowerCase()) === 1
        ? [hint(one.line, `${names} are nearly the same: one of them may be a slip`)]
        : [];
    }),
  );
}

/** Properties of different events that are the same but for how they are written, or have the same name and another type. */
function differentlyWritten(properties: readonly PlannedProperty[]): readonly Advice[] {
  const first = new Map<string, PlannedProperty>();
  const told = new Set<string>();
  return properties.flatMap((property) => {
    const bare = property.name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');
    const known = first.get(bare);
    if (known === undefined) first.set(bare, property);
    if (known === undefined || told.has(property.name)) return [];
    if (known.name !== property.name) {
      told.add(property.name);
      return [
        hint(
          property.line,
          `property ${JSON.stringify(property.name)} is ${JSON.stringify(known.name)} in line ${known.line}: write it one way`,
        ),
      ];
    }
    return known.type === property.type
      ? []
      : [
          hint(
            property.line,
            `property ${JSON.stringify(property.name)} is a ${property.type}, and a ${known.type} in line ${known.line}`,
          ),
        ];
  });
}
