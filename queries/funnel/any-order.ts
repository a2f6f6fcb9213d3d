import { overlappingSteps, type StepClass } from './overlap.ts';
import type { FunnelPlan, Part } from './plan.ts';

/**
 * Attempts at steps in any order: those of the best of each trail.
 *
 * How: an attempt's events are those of a stretch of time, and the steps it has done are the most that can be given an event of
 * their own, which is a maximum matching. By König's theorem that is the least, over all sets of steps, of the number of events that fit
 * a step of the set and the number of steps outside it. So it follows from one running count for each set; steps that no event can
 * fit together are matched apart, and equal ones are in the same sets.
 *
 * With a window the stretch ends with each event in turn, and events leave the counts when they are too old. The best attempt is the
 * first to get as far as any, from the latest start that gets as far (with the events that tie with that); its k-th event is the one that raised the number of steps to k.
 */
export function anyOrderParts(plan: FunnelPlan): Part[] {
  const { question, keys, last, within, places } = plan;
  const { by, times, every } = question;
  const groups = overlappingSteps(question.steps);
  const until = every === undefined ? [] : ['until'];
  const carried = [...keys, ...until].join(', ');
  const matched = `arrayMap(number -> toUInt8(number), ${matchingSql(groups, 'trail.3')})`;
  const parts: Part[] =
    within === undefined
      ? [['matched', `SELECT ${carried}, trail, ${matched} AS steps_done FROM trails`]]
      : windowParts(plan, groups, carried);
  const reached = [
    'reached',
    `SELECT ${carried}, trail, steps_done, arrayMax(steps_done) AS reached FROM matched`,
  ] as const;
  if (!places && by === undefined && !times) {
    return [...parts, reached, ['attempts', `SELECT ${keys.join(', ')}, reached FROM reached`]];
  }
  const isStart = every === undefined ? '' : ' AND event.1 <= until';
  const nth = (column: string, step: string | number) =>
    `${column}[arrayFirstIndex(number -> number >= ${step}, steps_done)]`;
  return [
    ...parts,
    reached,
    [
      'ends',
      `SELECT ${carried}, reached, trail, arrayFirstIndex(number -> number = reached, steps_done) AS ending,
  trail.1[ending] AS ended_at, trail.2[ending] AS ended_id
FROM reached WHERE reached >= 1`,
    ],
    [
      'tails',
      `SELECT ${carried}, reached, ended_at, ended_id,
  arrayReverse(arrayFilter(event -> (event.1, event.2) <= (ended_at, ended_id)${within === undefined ? '' : ` AND event.1 >= ended_at - ${within}`}, trail)) AS trail
FROM ends`,
    ],
    [
      'started',
      `SELECT ${keys.join(', ')}, reached, ended_at, ended_id, trail,
  trail[arrayFirstIndex((number, event) -> number >= reached${isStart}, ${matchingSql(groups, 'trail.3')}, trail)] AS start
FROM tails`,
    ],
    [
      'stretches',
      `SELECT ${keys.join(', ')}, reached, ended_at, ended_id,
  arrayReverse(arrayFilter(event -> (event.1, event.2) >= (start.1, start.2), trail)) AS trail
FROM started`,
    ],
    [
      'done',
      `SELECT ${keys.join(', ')}, reached, ended_at, ended_id, trail, ${matchingSql(groups, 'trail.3')} AS steps_done FROM stretches`,
    ],
    [
      'attempts',
      `SELECT ${keys.join(', ')}, reached, trail.1[1] AS started_at, trail.2[1] AS started_id, ended_at, ended_id${
        by === undefined ? '' : `, ${nth('trail.4', by.step)} AS value`
      }${
        times
          ? `, [${Array.from({ length: last }, (_, index) => nth('trail.1', index + 1)).join(', ')}] AS step_ats`
          : ''
      }
FROM done`,
    ],
  ];
}

/**
 * `steps_done`: for the end at each position, what can be done within the window. With `every` a start of the period is always in it:
 * a trail ends with the window of the last one, and all its events before that are starts.
 */
function windowParts({ within }: FunnelPlan, groups: Groups, carried: string): Part[] {
  // With as many ms as the window and one more an event leaves, before the events of that time come.
  const moves = (at: string, sign: number) =>
    `arrayMap((event, position) -> (${at}, toInt8(${sign}), position, event.3), trail, arrayEnumerate(trail))`;
  return [
    [
      'moves',
      `SELECT ${carried}, trail, arraySort(arrayConcat(${moves('event.1', 1)},
    ${moves(`event.1 + ${within} + 1`, -1)})) AS moves FROM trails`,
    ],
    [
      'running',
      `SELECT ${carried}, trail, moves.2 AS signs, ${matchingSql(groups, 'moves.4', 'signs')} AS running FROM moves`,
    ],
    [
      'matched',
      `SELECT ${carried}, trail, arrayMap(number -> toUInt8(number), arrayFilter((number, sign) -> sign = 1, running, signs)) AS steps_done
FROM running`,
    ],
  ];
}

type Groups = readonly (readonly StepClass[])[];

/** Of each position: the most steps that the events up to there can do, those left out that have left. */
function matchingSql(groups: Groups, masks: string, signs?: string): string {
  const counts: string[] = [];
  const terms = groups.map((group) => {
    const all = group.reduce((sum, { size }) => sum + size, 0);
    const sets = setsOf(group).map(({ bits, size }) => {
      const fits = `bitAnd(mask, ${bits}) != 0`;
      counts.push(
        signs === undefined
          ? `arrayCumSum(mask -> if(${fits}, toInt32(1), toInt32(0)), ${masks})`
          : `arrayCumSum((mask, sign) -> if(${fits}, toInt32(sign), toInt32(0)), ${masks}, ${signs})`,
      );
      return `count_${counts.length - 1} + ${all - size}`;
    });
    return `least(${[...sets, all].map((term) => `toInt64(${term})`).join(', ')})`;
  });
  return `arrayMap((${counts.map((_, index) => `count_${index}`).join(', ')}) -> ${terms.join(' + ')},
    ${counts.join(',\n    ')})`;
}

/** Unions of some of the classes, of at least one. */
function setsOf(classes: readonly StepClass[]): readonly { readonly bits: bigint; readonly size: number }[] {
  return Array.from({ length: 2 ** classes.length - 1 }, (_, index) => {
    const some = classes.filter((_, at) => ((index + 1) >> at) % 2 === 1);
    return {
      bits: some.reduce((sum, { bits }) => sum | bits, 0n),
      size: some.reduce((sum, { size }) => sum + size, 0),
    };
  });
}
