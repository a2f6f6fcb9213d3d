import { layoutPart } from './layout.ts';
import type { FunnelPlan, Part } from './plan.ts';

/**
 * The one attempt of each trail that Heap's published SQL looks at: the first event of step 1, and of each further step the first
 * event at the time of the one before or later. It goes by times alone, so one event may do several steps.
 *
 * Source: https://help.heap.io/heap-connect/sample-analysis/funnel-analysis/. The window and exclusions are ours: a step after
 * the end of the window is not done, and neither is one that an excluded event comes before; nor are the steps after it.
 */
export function firstParts(plan: FunnelPlan): Part[] {
  const { question, keys, last, bars, within } = plan;
  const { by, times, steps } = question;
  const barred = bars.length > 0;
  const carried = [...keys, 'trail', 'ats', 'masks', ...(barred ? ['ranks'] : [])];
  const places = steps.map((_, index) => `place_${index + 1}`);
  const levels = steps.map((_, index): Part => {
    const step = index + 1;
    const found = `found_${step}`;
    const search =
      step === 1
        ? 'arrayFirstIndex(mask -> bitTest(mask, 0), masks)'
        : `arrayFirstIndex((at, mask) -> bitTest(mask, ${index}) AND at >= at_${index}, ats, masks)`;
    const conditions = [
      ...(step === 1 ? [] : [`place_${index} != 0`]),
      ...(step > 1 && within !== undefined ? [`at_${step} - at_1 <= ${within}`] : []),
      ...bars
        .filter(({ before }) => before === step)
        .map(
          ({ bit, after }) =>
            `NOT arrayExists((rank, mask) -> bitTest(mask, ${bit}) AND rank > rank_${after} AND rank < rank_${step}, ranks, masks)`,
        ),
    ];
    const known = (number: number) => [`at_${number}`, ...(barred ? [`rank_${number}`] : [])];
    const before = [
      ...places.slice(0, index),
      ...steps.slice(0, index).flatMap((_, earlier) => known(earlier + 1)),
    ];
    return [
      `level_${step}`,
      `SELECT ${[...carried, ...before].join(', ')},
  ${search} AS ${found}, ats[${found}] AS at_${step}${barred ? `, ranks[${found}] AS rank_${step}` : ''},
  ${conditions.length === 0 ? found : `if(${conditions.join(' AND ')}, ${found}, 0)`} AS place_${step}
FROM level_${index}`,
    ];
  });
  const reached = places.map((place) => `(${place} != 0)`).join(' + ');
  const end = `[${places.join(', ')}][reached]`;
  return [
    layoutPart('level_0', 'trails', plan, { ranks: barred }),
    ...levels,
    [
      'attempts',
      `SELECT ${keys.join(', ')}, ${reached} AS reached,
  at_1 AS started_at, trail.2[place_1] AS started_id, trail.1[${end}] AS ended_at, trail.2[${end}] AS ended_id${
    by === undefined ? '' : `, trail.4[place_${by.step}] AS value`
  }${times ? `, [${steps.map((_, index) => `at_${index + 1}`).join(', ')}] AS step_ats` : ''}
FROM level_${last} WHERE reached >= 1`,
    ],
  ];
}
