import type { FunnelPlan, Part } from './plan.ts';

/**
 * The events of attempts at their earliest, of the `stretches` from start to end: where no event is excluded, the first that does the
 * next step is the one.
 */
export function earliestPart({ question, keys, places }: FunnelPlan): Part {
  const { by, times } = question;
  const ends = places ? ['started_at', 'started_id', 'ended_at', 'ended_id'] : [];
  // Steps done; time and id of the last one; the times of all; the position of the step to split by.
  const next = `(toUInt8(done.1 + 1), at, id, ${times ? 'arrayPushBack(done.4, at)' : 'done.4'}, ${
    by === undefined ? 'done.5' : `if(done.1 + 1 = ${by.step}, position, done.5)`
  })`;
  const fold = `arrayFold((done, at, id, mask, position) -> if(bitTest(mask, done.1) AND (done.1 = 0 OR (at, id) > (done.2, done.3)), ${next}, done),
    stretch.1, stretch.2, stretch.3, arrayEnumerate(stretch),
    (toUInt8(0), toInt64(0), toUInt64(0), emptyArrayInt64(), toUInt32(0)))`;
  return [
    'attempts',
    `SELECT ${[...keys, 'reached', ...ends].join(', ')}, ${fold} AS done${by === undefined ? '' : ', stretch.4[done.5] AS value'}${
      times ? ', done.4 AS step_ats' : ''
    }
FROM stretches`,
  ];
}
