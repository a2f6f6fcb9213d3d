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
  at: 'toInt64(-1)',
  rank: 'toUInt32(0)',
  ats: 'emptyArrayInt64()',
} as const;

export type StatesOptions = {
  readonly step: number;
  /** The first is a position or a time. One alone is no tuple: ClickHouse is much faster at numbers. */
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
  const none = stateOf(components.map(({ of }) => NOTHING[of]));
  const own = components.map((component) => {
    const known = before === undefined ? NOTHING[component.of] : componentOf(components, component);
    if (component.step === 'all') return `arrayPushFront(${known}, at)`;
    return component.step === 'newest' || component.step === step ? component.of : known;
  });
  const body = `if(bitTest(mask, ${step - 1}) AND ${condition}, ${stateOf(own)}, ${none})`;
  const arrays = {
    at: 'ats',
    mask: 'masks',
    position: 'arrayEnumerate(masks)',
    rank: 'ranks',
    ...Object.fromEntries(bars.map(({ array }) => [`${array}_here`, array])),
    ...(before === undefined ? {} : { state: beforeSql(before, none) }),
  };
  const used = Object.entries(arrays).filter(([name]) => new RegExp(`\\b${name}\\b`).test(body));
  return `arrayFill(state -> ${isAttempt(components)}, arrayMap((${used.map(([name]) => name).join(', ')}) -> ${body},
    ${used.map(([, array]) => array).join(', ')}))`;
}

/** The component that is something, as an expression of `state`. */
export function componentOf(
  components: readonly Component[],
  { of, step }: Component,
  state = 'state',
): string {
  const index = components.findIndex((component) => component.of === of && component.step === step);
  return components.length === 1 ? state : `${state}.${index + 1}`;
}

/** Whether a state is one of an attempt. */
export function isAttempt(components: readonly Component[], state = 'state'): string {
  const [first] = components as readonly [Component];
  return `${componentOf(components, first, state)} ${first.of === 'at' ? '>= 0' : '!= 0'}`;
}

function stateOf(components: readonly string[]): string {
  return components.length === 1 ? `${components[0]}` : `tuple(${components.join(', ')})`;
}
