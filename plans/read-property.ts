import { isScalar, type Node } from 'yaml';
import { patternProblem } from './core/pattern.ts';
import { type PlannedProperty, VALUE_TYPES, type ValueType } from './core/plan.ts';
import type { Fields, PlanFields } from './plan-fields.ts';

const FIELDS = ['type', 'required', 'description', 'one of', 'pattern', 'at least', 'at most', 'longest'];
const LONGEST_NAME = 1024;
const LONGEST_VALUE = 1024;
const MOST_PROPERTIES = 500;
const MOST_VALUES = 1000;

/** Properties by name: `price: number`, or a map of what there is to say. */
export function readProperties(
  node: Node | null,
  what: string,
  { hasRequired }: { readonly hasRequired: boolean },
  fields: PlanFields,
): readonly PlannedProperty[] {
  const entries = fields.entries(node, what, LONGEST_NAME);
  if (entries.length > MOST_PROPERTIES)
    fields.problem(node, `${what}: want at most ${MOST_PROPERTIES}, current number is ${entries.length}`);
  return entries.map(({ name, value, line }) => {
    const of = `${what}, ${JSON.stringify(name)}`;
    if (value !== null && isScalar(value) && value.value !== null) {
      const property: Fields = { what: of, nodes: new Map([['type', value]]) };
      return bare(name, fields.oneOf(property, 'type', VALUE_TYPES, 'string'), line);
    }
    const property = fields.map(value, of, FIELDS);
    const read = readProperty(name, property, line, fields);
    if (!hasRequired && property.nodes.has('required'))
      fields.problem(
        property.nodes.get('required') ?? null,
        `${of}, required: it says something of events only`,
      );
    return read;
  });
}

function bare(name: string, type: ValueType, line: number): PlannedProperty {
  return { name, type, required: false, description: '', line };
}

function readProperty(name: string, property: Fields, line: number, fields: PlanFields): PlannedProperty {
  const oneOf = fields.values(property, 'one of');
  const type = fields.oneOf(property, 'type', VALUE_TYPES, typeof (oneOf?.[0] ?? '') as ValueType);
  const wrong = (field: string, problem: string) =>
    fields.problem(property.nodes.get(field) ?? null, `${property.what}, ${field}: ${problem}`);
  const onlyFor = (field: string, wanted: ValueType) => {
    if (property.nodes.has(field) && type !== wanted)
      wrong(field, `only a ${wanted} can have it, the type is ${type}`);
  };
  onlyFor('pattern', 'string');
  onlyFor('longest', 'string');
  onlyFor('at least', 'number');
  onlyFor('at most', 'number');
  if (oneOf !== undefined) {
    if (oneOf.length > MOST_VALUES)
      wrong('one of', `want at most ${MOST_VALUES}, current number is ${oneOf.length}`);
    const other = oneOf.find((value) => type === 'time' || typeof value !== type);
    if (other !== undefined)
      wrong('one of', `want values of type ${type}, current value is ${JSON.stringify(other)}`);
  }
  const pattern = property.nodes.has('pattern') ? fields.text(property, 'pattern') : undefined;
  const problem = pattern === undefined ? '' : patternProblem(pattern);
  if (problem !== '') wrong('pattern', problem);
  const atLeast = fields.number(property, 'at least');
  const atMost = fields.number(property, 'at most');
  if (atLeast !== undefined && atMost !== undefined && atLeast > atMost)
    wrong('at least', `${atLeast} is more than at most, ${atMost}`);
  const longest = fields.number(property, 'longest');
  if (longest !== undefined && (!Number.isInteger(longest) || longest < 1 || longest > LONGEST_VALUE))
    wrong('longest', `want 1 to ${LONGEST_VALUE} characters, current value is ${longest}`);
  return {
    ...bare(name, type, line),
    required: fields.boolean(property, 'required'),
    description: fields.text(property, 'description'),
    oneOf,
    pattern: problem === '' ? pattern : undefined,
    atLeast,
    atMost,
    longest,
  };
}
