import type { Parameters } from './parameters.ts';

/** Which events a question is about. */
export type EventScope = {
  /** Number of the environment. */
  readonly environment: number;
  /** Epoch ms, inclusive; undefined = from the first event on. */
  readonly fromMs?: number | undefined;
  /** Epoch ms, exclusive; undefined = up to the last event. */
  readonly toMs?: number | undefined;
};

/** Conditions on `time`, to be joined by AND. Their parameters have no names of their own: a query may read several ranges. */
export function rangeConditions(
  { fromMs, toMs }: Pick<EventScope, 'fromMs' | 'toMs'>,
  parameters: Parameters,
): readonly string[] {
  const moment = (ms: number) => `fromUnixTimestamp64Milli(${parameters.add(ms, 'Int64')}, 'UTC')`;
  return [
    ...(fromMs === undefined ? [] : [`time >= ${moment(fromMs)}`]),
    ...(toMs === undefined ? [] : [`time < ${moment(toMs)}`]),
  ];
}

/** Conditions, to be joined by AND. */
export function scopeConditions(scope: EventScope, parameters: Parameters): readonly string[] {
  return [
    `environment = ${parameters.add(scope.environment, 'UInt16')}`,
    ...rangeConditions(scope, parameters),
  ];
}
