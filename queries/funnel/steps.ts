import { backwardParts } from './backward.ts';
import { earliestPart } from './earliest.ts';
import { layoutPart } from './layout.ts';
import type { FunnelPlan, Part } from './plan.ts';
import { type Component, componentOf, isAttempt, statesSql } from './states.ts';

/**
 * Attempts at steps in order: those of the best of each trail.
 *
 * How: `states_k` holds for each position the attempt that has done k steps up to there and whose events are as late as can
 * be. One is enough: take the later event of two attempts at each step, and the result is an attempt too. Whatever can stand
 * against going on from an attempt (the window, an excluded event, an event between neighbours) stands against its early
 * events before it stands against late ones. `states_k` follows from `states_(k-1)` as it was strictly before the event: events
 * that tie are not later than each other.
 *
 * | steps A, B within 5 |    |    |    |    |
 * |---------------------|----|----|----|----|
 * | event and time      | A0 | A4 | B7 | B9 |
 * | start in states_1   | 0  | 4  | 4  | 4  |
 * |   before the event  | -  | 0  | 4  | 4  |
 * | start in states_2   | -  | -  | 4  | 4  |
 *
 * windowFunnel sees no order in equal times, or lets one event do two steps, depending on its mode. These passes over whole
 * arrays keep the order.
 */
export function stepParts(plan: FunnelPlan): Part[] {
  const { question, keys, last, bars, within, places } = plan;
  const { by, times, every } = question;
  const placed = places || by !== undefined || times;
  const components: readonly Component[] = [
    ...(placed || within === undefined ? [{ of: 'position', step: 1 } as const] : []),
    ...(within === undefined ? [] : [{ of: 'at', step: 1 } as const]),
    ...bars.map(({ after }) => ({ of: 'rank', step: after }) as const),
  ];
  const barred = bars.length > 0;
  const arrays = [
    'ats',
    'masks',
    'laters',
    ...(barred ? ['ranks', ...new Set(bars.map(({ array }) => array))] : []),
  ];
  const carried = [
    ...keys,
    ...(every === undefined ? [] : ['until']),
    ...(placed ? ['trail'] : []),
    ...arrays,
  ];
  const levels = question.steps.map((_, index): Part => {
    const step = index + 1;
    const conditions = [
      ...(step === 1 ? [] : [isAttempt(components)]),
      ...(step === 1 && every !== undefined ? ['at <= until'] : []),
      ...(step > 1 && within !== undefined
        ? [`${componentOf(components, { of: 'at', step: 1 })} >= at - ${within}`]
        : []),
      ...bars
        .filter(({ before }) => before === step)
        .map(
          ({ array, after }) => `${componentOf(components, { of: 'rank', step: after })} >= ${array}_here`,
        ),
    ];
    const before = step === 1 ? undefined : `states_${index}`;
    const states = statesSql({ step, components, before, condition: conditions.join(' AND ') || '1', bars });
    const done = isAttempt(components, `states_${step}[-1]`);
    const some = isAttempt(components);
    const start = componentOf(
      components,
      { of: 'position', step: 1 },
      `arrayFirst(state -> ${some}, states_${step})`,
    );
    const place = `(${start}, arrayFirstIndex(state -> ${some}, states_${step}))`;
    return [
      `level_${step}`,
      `SELECT ${carried.join(', ')},
  ${states} AS states_${step},
  ${step === 1 ? '' : `reached_${index} + `}(${done}) AS reached_${step}${
    placed
      ? `,\n  if(${done}, ${place}, ${step === 1 ? '(toUInt32(0), toUInt32(0))' : `place_${index}`}) AS place_${step}`
      : ''
  }
FROM level_${index}`,
    ];
  });
  const parts = [layoutPart('level_0', 'trails', plan, { ranks: barred }), ...levels];
  if (!placed)
    return [
      ...parts,
      ['attempts', `SELECT ${keys.join(', ')}, reached_${last} AS reached FROM level_${last}`],
    ];
  return [...parts, ...attemptParts(plan)];
}

/** What is shown of the attempts, from the positions of their first and last events. */
function attemptParts(plan: FunnelPlan): Part[] {
  const { question, keys, last } = plan;
  const { by, times, every, exclusions } = question;
  const [from, to] = [`place_${last}.1`, `place_${last}.2`];
  const ends = `reached_${last} AS reached, trail.1[${from}] AS started_at, trail.2[${from}] AS started_id,
  trail.1[${to}] AS ended_at, trail.2[${to}] AS ended_id`;
  const source = `FROM level_${last} WHERE reached >= 1`;
  if (!times && (by === undefined || by.step === 1)) {
    const value = by === undefined ? '' : `, trail.4[${from}] AS value`;
    return [['attempts', `SELECT ${keys.join(', ')}, ${ends}${value}\n${source}`]];
  }
  const carried = [...keys, ...(every === undefined ? [] : ['until'])].join(', ');
  // Not named trail: what else is selected here would be read from the stretch.
  return [
    [
      'stretches',
      `SELECT ${carried}, ${ends}, arraySlice(trail, ${from}, ${to} - ${from} + 1) AS stretch\n${source}`,
    ],
    ...(exclusions.length === 0 ? [earliestPart(plan)] : backwardParts(plan)),
  ];
}
