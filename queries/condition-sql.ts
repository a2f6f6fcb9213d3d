import type { Condition } from './event-match.ts';
import type { Parameters } from './parameters.ts';

const SIZE = { 'less than': '<', 'at most': '<=', 'more than': '>', 'at least': '>=' } as const;

/** Whether a Nullable(String) column meets a condition: 0 or 1, never NULL. */
export function conditionSql(condition: Condition, column: string, parameters: Parameters): string {
  switch (condition.is) {
    case 'known':
      return `isNotNull(${column})`;
    case 'unknown':
      return `isNull(${column})`;
    case 'one of':
      return `ifNull(${column} IN ${parameters.add(condition.values, 'Array(String)')}, 0)`;
    case 'none of':
      return `ifNull(${column} NOT IN ${parameters.add(condition.values, 'Array(String)')}, 1)`;
    case 'containing':
      return `ifNull(position(${column}, ${parameters.add(condition.value, 'String')}) > 0, 0)`;
    case 'starting with':
      return `ifNull(startsWith(${column}, ${parameters.add(condition.value, 'String')}), 0)`;
    case 'ending with':
      return `ifNull(endsWith(${column}, ${parameters.add(condition.value, 'String')}), 0)`;
    case 'matching':
      return `ifNull(match(${column}, ${parameters.add(condition.value, 'String')}), 0)`;
    default:
      return `ifNull(toFloat64OrNull(${column}) ${SIZE[condition.is]} ${parameters.add(condition.value, 'Float64')}, 0)`;
  }
}
