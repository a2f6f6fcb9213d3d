import { beforeSql } from './layout.ts';
import type { Bar } from './plan.ts';

/**
 * What is kept of an attempt: position, time or rank of its event of a step; `newest` = of the step that was handled last. Or `ats`, the
 * times of all its events in the order they were handled in.
 */
export type Component =
  | { readonly of: 'position' | 'at' | 'rank'; readonly step: number | 'newest' }
  | { readonly of: 'ats'; readonly step: 'all' };

const NOTHING = {
  position: 'toUInt32(0)',
  at: 'toInt64(0)',
  rank: 'toUInt32(0)',
  ats: 'emptyArrayInt64()',
} as const;

export type StatesOptions = {
  readonly step: number;
  /** The first is a position, which is 0 where there is no attempt. */
  readonly components: readonly Component[];
  /** Array of the states of the step handled before; undefined = there is none. */
  readonly before: string | undefined;
  /** Conditions on the event, and with `before` on the `state` that it goes on from: an SQL expression of it. */
  readonly condition: string;
  readonly bars: readonly Bar[];
};

/**
 * Of each position of a trail: the attempt to go on from that has done the steps up to `step` there. Each step has such an array;
 * the choice of the attempt is that of the events as late as can be (see steps.ts).
 */
export function statesSql({ step, components, before, condition, bars }: StatesOptions): string {
  const none = noState(components);
  const own = components.map((component, index) => {
    const known = before === undefined ? NOTHING[component.of] : `state.${index + 1}`;
    if (component.step === 'all') return `arrayPushFront(${known}, at)`;
    return component.step === 'newest' || component.step === step ? component.of : known;
  });
  const body = `if(bitTest(mask, ${step - 1}) AND ${condition}, tuple(${own.join(', ')}), ${none})`;
  const arrays = {
    at: 'ats',
    mask: 'masks',
    position: 'arrayEnumerate(masks)',
    rank: 'ranks',
    ...Object.fromEntries(bars.map(({ array }) => [`${array}_here`, array])),
    ...(before === undefined ? {} : { state: beforeSql(before, none) }),
  };
  const used = Object.entries(arrays).filter(([name]) => new RegExp(`\\b${name}\\b`).test(body));
  return `arrayFill(state -> state.1 != 0, arrayMap((${used.map(([name]) => name).join(', ')}) -> ${body},
    ${used.map(([, array]) => array).join(', ')}))`;
}

/** The component that is something, as an expression of `state`. */
export function componentOf(
  components: readonly Component[],
  { of, step }: Component,
  state = 'state',
): string {
  const index = components.findIndex((component) => component.of === of && component.step === step);
  return `${state}.${index + 1}`;
}

/** Stands for "no attempt". */
function noState(components: readonly Component[]): string {
  return `tuple(${components.map(({ of }) => NOTHING[of]).join(', ')})`;
}
