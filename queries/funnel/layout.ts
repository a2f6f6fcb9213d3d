import type { FunnelPlan, Part } from './plan.ts';

/** Which of a trail's arrays are to be had beside `ats` and `masks`. */
export type Layout = { readonly ranks: boolean };

/**
 * A trail as arrays over its positions:
 *
 * - `ats`, `masks`.
 * - `laters`: whether the event is later than the one at the position before, in (time, event id) order.
 * - `ranks`: equal for events that are not later than each other, from 1.
 * - an array for each bar.
 */
export function layoutPart(
  name: string,
  from: string,
  { keys, question, bars }: FunnelPlan,
  { ranks }: Layout,
  more: readonly string[] = [],
): Part {
  const carried = [...keys, ...(question.every === undefined ? [] : ['until']), ...more];
  const arrays = [
    'trail.1 AS ats',
    'trail.3 AS masks',
    `arrayMap((at, id, last_at, last_id) -> at != last_at OR id != last_id, trail.1, trail.2,
    arrayPushFront(arrayPopBack(trail.1), toInt64(-1)), arrayPushFront(arrayPopBack(trail.2), toUInt64(0))) AS laters`,
    ...(ranks ? ['arrayMap(sum -> toUInt32(sum), arrayCumSum(laters)) AS ranks'] : []),
    ...[...new Map(bars.map((bar) => [bar.array, bar.bit]))].map(
      ([array, bit]) => `${lastSql(bit)} AS ${array}`,
    ),
  ];
  return [name, `SELECT ${carried.join(', ')}, trail,\n  ${arrays.join(',\n  ')}\nFROM ${from}`];
}

/** Of each position: the rank of the last event with a bit, or of any, strictly before it; 0 = there is none. */
function lastSql(bit: number | undefined): string {
  if (bit === undefined) return 'arrayMap(rank -> toUInt32(rank - 1), ranks)';
  const marked = `arrayMap((rank, mask) -> if(bitTest(mask, ${bit}), rank, toUInt32(0)), ranks, masks)`;
  return beforeSql(`arrayFill(rank -> rank != 0, ${marked})`, 'toUInt32(0)');
}

/** An array over positions as it stood strictly before each: events that tie see the same. */
export function beforeSql(array: string, none: string): string {
  return `arrayFill((element, later) -> later, arrayPushFront(arrayPopBack(${array}), ${none}), laters)`;
}
