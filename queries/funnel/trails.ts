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
  const event = ['at', 'event_id', `${maskType(plan)}(mask)`, ...(by === undefined ? [] : ['value_0'])];
  const trails = `SELECT ${carried.map((key) => (key === 'person' ? 'any(user_id) AS person' : key)).join(', ')},
  arraySort(groupArray((${event.join(', ')}))) AS trail
FROM (${rows})${sessionsOfSubjects ? '\nWHERE session_id != 0' : ''}
GROUP BY ${carried.filter((key) => key !== 'person').join(', ')}`;
  if (every === undefined) return [['trails', trails]];
  return [['whole_trails', trails], ...periodParts(plan, every, carried.join(', '))];
}

/** As few bits as do for the steps and the exclusions. */
function maskType({ matches }: FunnelPlan): string {
  return `toUInt${[8, 16, 32].find((size) => size >= matches.length) ?? 64}`;
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
