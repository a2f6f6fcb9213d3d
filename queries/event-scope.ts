import type { Query } from './query.ts';

/** Which events a question is about. */
export type EventScope = {
  /** Number of the environment. */
  readonly environment: number;
  /** Epoch ms, inclusive; undefined = from the first event on. */
  readonly fromMs?: number | undefined;
  /** Epoch ms, exclusive; undefined = up to the last event. */
  readonly toMs?: number | undefined;
};

/** Conditions, to be joined by AND, and their parameters. */
export function scopeConditions({ environment, fromMs, toMs }: EventScope): {
  conditions: string[];
  params: Query['params'];
} {
  const conditions = ['environment = {environment:UInt16}'];
  if (fromMs !== undefined) conditions.push("time >= fromUnixTimestamp64Milli({from:Int64}, 'UTC')");
  if (toMs !== undefined) conditions.push("time < fromUnixTimestamp64Milli({to:Int64}, 'UTC')");
  return {
    conditions,
    params: {
      environment,
      ...(fromMs === undefined ? {} : { from: fromMs }),
      ...(toMs === undefined ? {} : { to: toMs }),
    },
  };
}
