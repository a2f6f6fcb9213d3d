import { eventRows } from '../event-rows.ts';
import { periodNumberSql } from '../periods.ts';
import type { Period } from '../questions.ts';
import type { FunnelPlan, Part } from './plan.ts';

/**
 * One row a trail: the events of a subject that the question is about; with `oneSession` those of one of its sessions. `trail` is an
 * array of (epoch ms, event id, mask, with `by` value), sorted.
 *
 * With `every` one of each period in which an attempt can begin, from the first such event on, with the columns `period_number` and
 * `until`, the time of the last such event.
 */
export function trailParts(plan: FunnelPlan): Part[] {
  const { question, parameters, matches, keys, sessionsOfSubjects } = plan;
  const { by, order, subject, every } = question;
  const rows = eventRows(question, parameters, {
    matches,
    values: by === undefined ? [] : [by.property],
    subject,
    others: order === 'next',
  });
  const carried = keys.filter((key) => key !== 'period_number');
  const trails = `SELECT ${carried.map((key) => (key === 'person' ? 'any(user_id) AS person' : key)).join(', ')},
  ${trailSql(plan)} AS trail
FROM (${rows})${sessionsOfSubjects ? '\nWHERE session_id != 0' : ''}
GROUP BY ${carried.filter((key) => key !== 'person').join(', ')}`;
  if (every === undefined) return [['trails', trails]];
  return [['whole_trails', trails], ...periodParts(plan, every, carried.join(', '))];
}

/** Bits of an event id. */
const ID_BITS = 53;

/**
 * Time, id and mask make one number where that has room for them, which ClickHouse gathers and sorts three times as fast as a tuple.
 * A time has at least 42 bits then, which are those of the next hundred years.
 */
function trailSql({ question: { by }, matches }: FunnelPlan): string {
  const bits = [8, 16, 32].find((size) => size >= matches.length) ?? 64;
  const mask = `toUInt${bits}`;
  if (by !== undefined) return `arraySort(groupArray((at, event_id, ${mask}(mask), value_0)))`;
  const type = bits + ID_BITS + 42 <= 128 ? 'UInt128' : 'UInt256';
  const packed = `bitOr(bitShiftLeft(to${type}(at), ${ID_BITS + bits}), bitOr(bitShiftLeft(to${type}(event_id), ${bits}), mask))`;
  return `arrayMap(event -> (toInt64(bitShiftRight(event, ${ID_BITS + bits})), bitAnd(toUInt64(bitShiftRight(event, ${bits})), ${2 ** ID_BITS - 1}), ${mask}(event)),
    arraySort(groupArray(${packed})))`;
}

function periodParts({ question, last, within }: FunnelPlan, every: Period, carried: string): Part[] {
  const isStart = question.order === 'any' ? `bitAnd(event.3, ${2 ** last - 1}) != 0` : 'bitTest(event.3, 0)';
  const starts = `arrayMap(event -> event.1, arrayFilter(event -> ${isStart}, trail))`;
  const period = periodNumberSql(every, 'at');
  return [
    [
      'starts',
      `SELECT ${carried}, trail, ${question.anchor === 'first' ? `arraySlice(${starts}, 1, 1)` : starts} AS starts
FROM whole_trails`,
    ],
    [
      'periods',
      `SELECT ${carried}, trail, starts, arrayJoin(arrayDistinct(arrayMap(at -> ${period}, starts))) AS period_number FROM starts`,
    ],
    [
      'bounds',
      `SELECT ${carried}, trail, period_number, arrayFilter(at -> ${period} = period_number, starts) AS own,
  own[1] AS since, own[-1] AS until
FROM periods`,
    ],
    [
      'trails',
      `SELECT ${carried}, period_number, until,
  arrayFilter(event -> event.1 >= since${within === undefined ? '' : ` AND event.1 <= until + ${within}`}, trail) AS trail
FROM bounds`,
    ],
  ];
}
