import type { PropertyRef } from './property-ref.ts';

/**
 * A condition on one property. Values are compared as text (numbers and booleans as JSON writes them), but for the
 * comparisons of size, for which a value that is no number is none. A property that is not there meets no condition but
 * `unknown`, `not` and `none of`.
 */
export type Condition = { readonly property: PropertyRef } & (
  | { readonly is: 'one of' | 'none of'; readonly values: readonly string[] }
  | {
      readonly is: 'containing' | 'starting with' | 'ending with';
      /** Case counts. */
      readonly value: string;
    }
  /** RE2, anywhere in the value. */
  | { readonly is: 'matching'; readonly value: string }
  | { readonly is: 'less than' | 'at most' | 'more than' | 'at least'; readonly value: number }
  | { readonly is: 'known' | 'unknown' }
);

/** Events of some names that meet all of some conditions. */
export type EventPattern = {
  /** Names as sent, any of which; undefined = any event. */
  readonly names?: readonly string[] | undefined;
  readonly where?: readonly Condition[] | undefined;
};

/** Events that one of the patterns fits: a plain event has one, a combo event several. */
export type EventMatch = {
  /** How answers call it. */
  readonly label: string;
  readonly anyOf: readonly EventPattern[];
};

/** Events of one name. */
export function eventNamed(name: string): EventMatch {
  return { label: name, anyOf: [{ names: [name] }] };
}

/** Every event. */
export const ANY_EVENT: EventMatch = { label: 'any event', anyOf: [{}] };

export function isAnyEvent({ label, anyOf: [pattern, ...others] }: EventMatch): boolean {
  return (
    label === ANY_EVENT.label &&
    others.length === 0 &&
    pattern?.names === undefined &&
    !pattern?.where?.length
  );
}
