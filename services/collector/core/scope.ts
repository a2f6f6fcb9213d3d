import type { Environment } from '#lib/config/environments.ts';
import type { Client } from './client.ts';
import type { PlanCheck } from './plan-check.ts';
import type { Clock } from './timestamps.ts';

/** What every row of a request is judged with: chance and time come in here, from outside. */
export type Scope = Clock & {
  readonly environment: Environment;
  readonly refusePlaceholders: boolean;
  /** A new random id in 1..2^53-1. */
  readonly newId: () => number;
  readonly client: Client;
  /** Undefined where the environment has no tracking plan. */
  readonly plan: PlanCheck | undefined;
};

/** An object of the request's JSON, its fields not yet checked. */
export type Row = Readonly<Record<string, unknown>>;

export function isRow(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
