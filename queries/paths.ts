import { eventRows } from './event-rows.ts';
import { Parameters } from './parameters.ts';
import type { Query } from './query.ts';
import type { PathsQuestion } from './questions.ts';
import { checkTop } from './top-values.ts';

/** Steps after, or before, the point. */
export const MOST_DEPTH = 10;

/**
 * Sequences of steps from a point on, or up to it, by how often they were gone. The answer's rows are PathRow.
 *
 * A user's steps are the events that fit one of `steps` (the first one that fits names it), in order of time, ties by event id and
 * then by label; without `steps` all events, by name. What fits the point alone is a step too, under the point's label. With `collapse`
 * a run of the same step is its first event; the point and another event are never the same step.
 *
 * Every occurrence of the point begins a path, or ends one with `direction: 'before'`, even within another occurrence's path: so the
 * paths of a point are as many as its occurrences, and shares of what came next add up to all of them.
 *
 * | steps        | A point A B point B B |
 * |--------------|-----------------------|
 * | depth 3      | point A B point; point B B |
 * | collapse     | point A B point; point B   |
 *
 * A path is shorter where its user, or with `oneSession` the session, has no more steps, or `withinMs` from the point is over,
 * inclusive. With `oneSession` only events that belong to a session count.
 *
 * How: the steps of a user are an array, and shifting it by 1, 2, ... puts what follows beside each occurrence. Slicing it at each
 * occurrence would copy it as often: a million steps of one user would be too many.
 *
 * Throws RangeError where the question cannot be asked.
 */
export function pathsQuery(question: PathsQuestion): Query {
  const { point, direction, steps, depth, top, oneSession, withinMs, collapse } = question;
  if (!Number.isInteger(depth) || depth < 1 || depth > MOST_DEPTH) {
    throw new RangeError(`Cannot ask for paths: want 1 to ${MOST_DEPTH} steps, current number is ${depth}`);
  }
  checkTop(top, 'paths');
  const parameters = new Parameters();
  const rows = eventRows(question, parameters, {
    matches: [point, ...steps],
    subject: oneSession ? 'session' : 'user',
    others: steps.length === 0,
  });
  const label =
    steps.length === 0
      ? 'toString(name)'
      : `${parameters.add(
          [point.label, ...steps.map((step) => step.label)],
          'Array(String)',
        )}[${LOWEST_STEP}]`;
  const trail = 'arraySort(groupArray((at, event_id, label, bitTest(mask, 0))))';
  const shift = direction === 'after' ? 'arrayShiftLeft' : 'arrayShiftRight';
  const distances = Array.from({ length: depth + 1 }, (_, n) => n);
  const beside = distances.map(
    (n) => `arrayFilter((step, is_point) -> is_point, ${shift}(steps, ${n}, (toInt64(-1), '')), points)`,
  );
  const inTime =
    withinMs === undefined ? '' : ` AND abs(step.1 - walk[1].1) <= ${parameters.add(withinMs, 'Int64')}`;
  const walked = `arrayPushFront(arrayMap(step -> step.2,
    arrayFilter(step -> step.1 >= 0${inTime}, arrayPopFront(walk))), ${parameters.add(point.label, 'String')})`;
  return {
    sql: `WITH trails AS
(
  SELECT any(user_id) AS who, ${collapse ? `arrayCompact(step -> (step.3, step.4), ${trail})` : trail} AS trail
  FROM (SELECT *, ${label} AS label FROM (${rows}))
  GROUP BY subject
  HAVING max(bitTest(mask, 0)) = 1
),
walks AS
(
  SELECT who, arrayJoin(arrayMap((${distances.map((n) => `s${n}`).join(', ')}) -> [${distances.map((n) => `s${n}`).join(', ')}],
    ${beside.join(',\n    ')})) AS walk
  FROM (SELECT who, arrayMap(step -> (step.1, step.3), trail) AS steps, trail.4 AS points FROM trails)
),
sequences AS
(
  SELECT steps, count() AS times, uniqExactState(who) AS people
  FROM (SELECT who, ${direction === 'after' ? walked : `arrayReverse(${walked})`} AS steps FROM walks)
  GROUP BY steps
)
SELECT if(place > ${top}, [], any(sequence)) AS steps, sum(times) AS paths, uniqExactMerge(people) AS users,
  toBool(place > ${top}) AS others
FROM (SELECT steps AS sequence, times, people, least(row_number() OVER (ORDER BY times DESC, steps), ${top + 1}) AS place FROM sequences)
GROUP BY place
ORDER BY place`,
    params: parameters.values,
  };
}

/** Place in the labels of the first step that a row fits: 1, the point's, where it fits none. Bit 0 of a mask is the point. */
const LOWEST_STEP =
  'if(bitShiftRight(mask, 1) = 0, 1, bitCount(bitXor(bitShiftRight(mask, 1), bitShiftRight(mask, 1) - 1)) + 1)';
