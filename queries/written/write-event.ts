import type { Condition, EventMatch, EventPattern } from '../event-match.ts';
import { conditionText } from './condition-text.ts';
import { writtenProperty } from './property-text.ts';
import { labelOf, orLabel } from './read-event.ts';

/** Something written: what JSON.stringify and a YAML writer take. */
export type Written = string | number | boolean | readonly Written[] | { readonly [key: string]: Written };

/** Values of a condition that are written in one text; more are written as a list. */
const MOST_IN_TEXT = 10;

export function writtenCondition(condition: Condition): Written {
  const { property, is } = condition;
  return 'values' in condition && condition.values.length > MOST_IN_TEXT
    ? { property: writtenProperty(property), is, values: condition.values }
    : conditionText(condition);
}

/** An event as it is read again. What a definition stood for is written out. */
export function writtenEvent({ label, anyOf }: EventMatch): Written {
  const [only, ...others] = anyOf;
  if (only !== undefined && others.length === 0) return writtenPattern(only, label);
  const named = orLabel(anyOf.map(patternLabel));
  return {
    'any of': anyOf.map((pattern) => writtenPattern(pattern, patternLabel(pattern))),
    ...(label === named ? {} : { label }),
  };
}

function patternLabel({ names, where = [] }: EventPattern): string {
  return labelOf(names === undefined ? 'any event' : orLabel(names), where);
}

function writtenPattern(pattern: EventPattern, label: string): Written {
  const { names, where = [] } = pattern;
  const [name, ...others] = names ?? [];
  const isPlain = label === patternLabel(pattern) && where.length === 0 && others.length === 0;
  if (isPlain && names === undefined) return '*';
  if (isPlain && name !== undefined && name !== '*' && !name.startsWith('@')) return name;
  return {
    ...(name === undefined ? {} : { event: others.length === 0 ? name : [name, ...others] }),
    ...(where.length === 0 ? {} : { where: where.map(writtenCondition) }),
    ...(label === patternLabel(pattern) ? {} : { label }),
  };
}
