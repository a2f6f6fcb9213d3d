import type { EventMatch } from '../event-match.ts';
import { Parameters } from '../parameters.ts';
import type { FunnelQuestion } from '../questions.ts';
import { checkTop } from '../top-values.ts';

/** Steps a funnel may have. */
export const MAX_STEPS = 32;

/** Exclusions a funnel may have: with the steps, a bit each of a row's mask. */
export const MAX_EXCLUSIONS = 32;

/** An attempt with an event of step `before` is void where an event of `array` comes between that and the one of step `after`. */
export type Bar = {
  /** Column: for each position of a trail, the rank of the last such event strictly before it. */
  readonly array: string;
  /** Bit of the excluded event; undefined = every event is one. */
  readonly bit: number | undefined;
  readonly after: number;
  readonly before: number;
};

/** A named subquery, which may read those before it. */
export type Part = readonly [name: string, sql: string];

/** A question that can be asked, and what its parts need to know of each other. */
export type FunnelPlan = {
  readonly question: FunnelQuestion;
  readonly parameters: Parameters;
  /** Number of the last step. */
  readonly last: number;
  readonly matches: readonly EventMatch[];
  readonly bars: readonly Bar[];
  /** Placeholder of the window in ms; undefined = there is none. */
  readonly within: string | undefined;
  /** Columns that say whose trail it is and of what. */
  readonly keys: readonly string[];
  /** Trails are sessions of subjects that are something else: the best of a subject's is to be chosen. */
  readonly sessionsOfSubjects: boolean;
  /** Where attempts begin and end is to be known. */
  readonly places: boolean;
};

/** Throws RangeError where the question cannot be asked. */
export function planFunnel(question: FunnelQuestion, { places = false } = {}): FunnelPlan {
  check(question);
  const { steps, exclusions, order, withinMs, oneSession, subject, every } = question;
  const parameters = new Parameters();
  const last = steps.length;
  const sessionsOfSubjects = oneSession && subject !== 'session';
  return {
    question,
    parameters,
    last,
    matches: [...steps, ...exclusions.map(({ event }) => event)],
    bars: [
      ...exclusions.map(({ after, before }, index) => ({
        array: `barred_${index}`,
        bit: last + index,
        after,
        before,
      })),
      ...(order === 'next'
        ? steps.slice(1).map((_, index) => ({
            array: 'preceding',
            bit: undefined,
            after: index + 1,
            before: index + 2,
          }))
        : []),
    ],
    within: withinMs === undefined ? undefined : parameters.add(withinMs, 'Int64'),
    keys: [
      'subject',
      ...(sessionsOfSubjects ? ['device_id', 'session_id'] : []),
      ...(places && subject === 'session' ? ['person'] : []),
      ...(every === undefined ? [] : ['period_number']),
    ],
    sessionsOfSubjects,
    places: places || sessionsOfSubjects,
  };
}

function check({ steps, exclusions, order, withinMs, by, top, anchor }: FunnelQuestion): void {
  const last = steps.length;
  if (last < 1 || last > MAX_STEPS) {
    throw new RangeError(`Cannot ask a funnel: want 1 to ${MAX_STEPS} steps, current number is ${last}`);
  }
  if (exclusions.length > MAX_EXCLUSIONS) {
    throw new RangeError(
      `Cannot ask a funnel: want at most ${MAX_EXCLUSIONS} exclusions, current number is ${exclusions.length}`,
    );
  }
  if (withinMs !== undefined && !(Number.isSafeInteger(withinMs) && withinMs >= 0)) {
    throw new RangeError(
      `Cannot ask a funnel: want a window of whole milliseconds, current value is ${withinMs}`,
    );
  }
  for (const { after, before } of exclusions) {
    if (!(isStep(after, last) && isStep(before, last) && after < before)) {
      throw new RangeError(
        `Cannot exclude an event between the steps ${after} and ${before}: want two of the steps 1 to ${last}, the earlier first`,
      );
    }
  }
  if (by !== undefined && !isStep(by.step, last)) {
    throw new RangeError(`Cannot split a funnel by step ${by.step}: want one of its steps 1 to ${last}`);
  }
  if (order === 'any' && exclusions.length > 0) {
    throw new RangeError(
      'Cannot exclude events from a funnel in any order: its steps have no order to lie between',
    );
  }
  if (anchor === 'first' && order !== 'later') {
    throw new RangeError(
      `Cannot ask a funnel from the first event of all: want the order "later", current order is "${order}"`,
    );
  }
  if (top !== undefined) checkTop(top);
}

const isStep = (number: number, last: number) => Number.isInteger(number) && number >= 1 && number <= last;
