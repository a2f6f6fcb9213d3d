import { layoutPart } from './layout.ts';
import type { FunnelPlan, Part } from './plan.ts';
import { type Component, componentOf, isAttempt, statesSql } from './states.ts';

/**
 * The events of attempts at their earliest, of the `stretches` from start to end, where excluded events may stand between them: the
 * passes of steps.ts from the end back to the start, in which as late as can be is as early as can be.
 */
export function backwardParts(plan: FunnelPlan): Part[] {
  const { question, keys, last, bars, places } = plan;
  const { by, times, steps } = question;
  const components: readonly Component[] = [
    { of: 'position', step: 'newest' },
    ...(times ? [{ of: 'ats', step: 'all' } as const] : []),
    ...(by === undefined ? [] : [{ of: 'position', step: by.step } as const]),
    ...bars.map(({ before }) => ({ of: 'rank', step: before }) as const),
  ];
  const shown = [...keys, 'reached', ...(places ? ['started_at', 'started_id', 'ended_at', 'ended_id'] : [])];
  const carried = [
    ...[...shown, ...(by === undefined ? [] : ['trail'])],
    ...['ats', 'masks', 'laters', 'ranks', ...new Set(bars.map(({ array }) => array))],
  ];
  const levels = steps
    .map((_, index): Part => {
      const step = index + 1;
      const goesOn = [
        `reached > ${step}`,
        isAttempt(components),
        ...bars
          .filter(({ after }) => after === step)
          .map(({ array, before }) => {
            const other = componentOf(components, { of: 'rank', step: before });
            return `(reached < ${before} OR ${other} >= ${array}_here)`;
          }),
      ].join(' AND ');
      const condition = step === last ? `reached = ${step}` : `(reached = ${step} OR (${goesOn}))`;
      const before = step === last ? undefined : `back_${step + 1}`;
      return [
        `backward_${step}`,
        `SELECT ${carried.join(', ')},
  ${statesSql({ step, components, before, condition, bars })} AS back_${step}
FROM backward_${step + 1}`,
      ];
    })
    .reverse();
  const final = 'back_1[-1]';
  const value = by === undefined ? '' : componentOf(components, { of: 'position', step: by.step }, final);
  return [
    ['reversed', `SELECT * EXCEPT (stretch), arrayReverse(stretch) AS trail FROM stretches`],
    layoutPart(`backward_${last + 1}`, 'reversed', plan, { ranks: true }, shown.slice(keys.length)),
    ...levels,
    [
      'attempts',
      `SELECT ${shown.join(', ')}${by === undefined ? '' : `, trail.4[${value}] AS value`}${
        times ? `, ${componentOf(components, { of: 'ats', step: 'all' }, final)} AS step_ats` : ''
      }
FROM backward_1`,
    ],
  ];
}
