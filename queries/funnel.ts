import { type EventScope, scopeConditions } from './event-scope.ts';
import type { Query } from './query.ts';

/** Steps a funnel may have: each is a bit of a UInt32. */
export const MAX_STEPS = 32;

export type FunnelQuestion = EventScope & {
  /** Event names as sent, in order; a name may be repeated. */
  readonly steps: readonly string[];
  /** Longest time from an attempt's first event to its last, inclusive; undefined = within the range. */
  readonly withinMs?: number | undefined;
  /** Property, as sent, of the attempt's first event to split by. */
  readonly by?: string | undefined;
};

/** One row of the answer. */
export type FunnelRow = {
  /** With `by`: value of the property as text; null where the attempt's first event does not have it. */
  readonly value?: string | null;
  /** Users whose best attempt reached step 1, step 2, ... */
  readonly counts: readonly number[];
};

/** A start is (time, position in the user's events); this one stands for "no attempt". */
const NO_START = '(toInt64(-1), toUInt32(0))';

/**
 * Users by the step they reached.
 *
 * Any occurrence of step 1 may start an attempt, and a user's best attempt counts. Each step needs an event of
 * its own, later in (time, event id) order; all lie within `withinMs` of the attempt's first event. With `by`,
 * a user counts under the attempt that got furthest: of several, the first to get there, and of the
 * starts it may have had, the latest.
 *
 * How: a user's events are an array sorted by (time, event id). `started_k` is an array over the same
 * positions: the latest start of an attempt that has done k steps up to there. The latest is enough, as
 * nothing but the distance to the start decides whether a later event still counts. `started_k` follows from
 * `started_k-1` as it was strictly before the event: events that tie are not later than each other.
 *
 * | steps A, B within 5 |    |    |    |    |
 * |---------------------|----|----|----|----|
 * | event and time      | A0 | A4 | B7 | B9 |
 * | started_1           | 0  | 4  | 4  | 4  |
 * | before_2            | -  | 0  | 4  | 4  |
 * | started_2           | -  | -  | 4  | 4  |
 *
 * windowFunnel sees no order in equal times, or lets one event do two steps, depending on its mode. These
 * passes over whole arrays take the time windowFunnel takes; arrayFold takes more than twice that.
 */
export function funnelQuery(question: FunnelQuestion): Query {
  const { steps, withinMs, by } = question;
  if (steps.length < 1 || steps.length > MAX_STEPS) {
    throw new RangeError(
      `Cannot ask a funnel: want 1 to ${MAX_STEPS} steps, current number is ${steps.length}`,
    );
  }
  const scope = scopeConditions(question);
  const names = [...new Set(steps)];
  const levels = steps.map((_, index) => index + 1);
  const columns = [
    `arraySort(groupArray((toUnixTimestamp64Milli(time), event_id, transform(name, {names:Array(String)}, {masks:Array(UInt32)}, toUInt32(0))${by === undefined ? '' : `, ${PROPERTY}`}))) AS trail`,
    'trail.1 AS ats',
    'trail.3 AS masks',
    'arrayMap((at, id, last_at, last_id) -> at != last_at OR id != last_id, ats, trail.2, arrayPushFront(arrayPopBack(ats), -1), arrayPushFront(arrayPopBack(trail.2), 0)) AS laters',
    ...levels.flatMap((level) => (level === 1 ? [FIRST_LEVEL] : nextLevel(level, withinMs !== undefined))),
    `${levels.map((level) => `(started_${level}[-1].1 >= 0)`).join(' + ')} AS level`,
    ...(by === undefined ? [] : [`${valueOfStart(levels)} AS value`]),
  ];
  const counts = `[${levels.map((level) => `countIf(level >= ${level})`).join(', ')}] AS counts`;
  const sql = `WITH users AS
(
  SELECT
    user_id,
    ${columns.join(',\n    ')}
  FROM cairn.resolved_events
  WHERE ${[...scope.conditions, 'name IN {names:Array(String)}'].join(' AND ')}
  GROUP BY user_id
)
${
  by === undefined
    ? `SELECT ${counts}\nFROM users`
    : `SELECT value, ${counts}\nFROM users\nWHERE level >= 1\nGROUP BY value\nORDER BY counts DESC, value`
}`;
  return {
    sql,
    params: {
      ...scope.params,
      names,
      masks: names.map((name) => maskOf(name, steps)),
      ...(withinMs === undefined ? {} : { within: withinMs }),
      ...(by === undefined ? {} : { by }),
    },
  };
}

/** Bits of the steps that an event of this name can do. */
function maskOf(name: string, steps: readonly string[]): number {
  return steps.reduce((mask, step, bit) => (step === name ? mask + 2 ** bit : mask), 0);
}

const FIRST_LEVEL = `arrayFill(start -> start.1 >= 0, arrayMap((at, mask, position) -> if(bitTest(mask, 0), (at, position), ${NO_START}), ats, masks, arrayEnumerate(masks))) AS started_1`;

function nextLevel(level: number, bounded: boolean): string[] {
  const inTime = bounded ? ' AND start.1 >= at - {within:Int64}' : '';
  return [
    `arrayFill((start, later) -> later, arrayPushFront(arrayPopBack(started_${level - 1}), ${NO_START}), laters) AS before_${level}`,
    `arrayFill(start -> start.1 >= 0, arrayMap((at, mask, start) -> if(bitTest(mask, ${level - 1}) AND start.1 >= 0${inTime}, start, ${NO_START}), ats, masks, before_${level})) AS started_${level}`,
  ];
}

const PROPERTY =
  'if(isNull(getSubcolumn(properties, {by:String})), NULL, toString(getSubcolumn(properties, {by:String})))';

/** The property of the event that started the first attempt to reach the user's last level. */
function valueOfStart(levels: readonly number[]): string {
  const branches = levels.map(
    (level) => `level = ${level}, trail.4[arrayFirst(start -> start.1 >= 0, started_${level}).2]`,
  );
  return `multiIf(${branches.join(', ')}, NULL)`;
}
