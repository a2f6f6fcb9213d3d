import type { Condition, EventMatch, EventPattern } from '../event-match.ts';
import { propertyText } from '../property-ref.ts';

/** Steps that an event can do one of as well as another: more, and there are too many sets of them. */
export const MOST_OVERLAPPING = 6;

/** Steps that are the same. */
export type StepClass = { readonly match: EventMatch; readonly bits: bigint; readonly size: number };

/**
 * The steps in groups of classes: no event can do steps of two groups, as far as can be told from the steps. Throws RangeError where a
 * group has more than MOST_OVERLAPPING classes.
 */
export function overlappingSteps(steps: readonly EventMatch[]): readonly (readonly StepClass[])[] {
  const classes = new Map<string, StepClass>();
  steps.forEach((match, bit) => {
    const key = JSON.stringify(match.anyOf);
    const { bits = 0n, size = 0 } = classes.get(key) ?? {};
    classes.set(key, { match, bits: bits | (1n << BigInt(bit)), size: size + 1 });
  });
  let groups: StepClass[][] = [];
  for (const one of classes.values()) {
    const meets = (group: StepClass[]) => group.some((other) => !excludeEachOther(one.match, other.match));
    groups = [...groups.filter((group) => !meets(group)), [one, ...groups.filter(meets).flat()]];
  }
  for (const group of groups) {
    if (group.length > MOST_OVERLAPPING) {
      throw new RangeError(
        `Cannot ask a funnel in any order: want at most ${MOST_OVERLAPPING} steps that one event may fit, current ones are ${group
          .map(({ match }) => JSON.stringify(match.label))
          .join(', ')}`,
      );
    }
  }
  return groups;
}

/** Whether it can be told that no event fits both. */
function excludeEachOther(one: EventMatch, other: EventMatch): boolean {
  return one.anyOf.every((pattern) =>
    other.anyOf.every((another) => patternsExcludeEachOther(pattern, another)),
  );
}

function patternsExcludeEachOther(one: EventPattern, other: EventPattern): boolean {
  const { names, where = [] } = one;
  if (names !== undefined && other.names !== undefined && areDisjoint(names, other.names)) return true;
  return where.some((condition) =>
    (other.where ?? []).some((another) => conditionsExcludeEachOther(condition, another)),
  );
}

function conditionsExcludeEachOther(one: Condition, other: Condition): boolean {
  if (propertyText(one.property) !== propertyText(other.property)) return false;
  return one.is === 'one of' && other.is === 'one of' && areDisjoint(one.values, other.values);
}

function areDisjoint(one: readonly string[], other: readonly string[]): boolean {
  return !one.some((text) => other.includes(text));
}
