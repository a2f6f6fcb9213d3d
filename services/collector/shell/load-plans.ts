import type { Environment } from '#lib/config/environments.ts';
import { ConfigError } from '#lib/errors.ts';
import { compilePlan } from '#plans/core/compile-plan.ts';
import { loadPlan } from '#plans/load-plan.ts';
import type { PlanPolicy } from '../core/plan-check.ts';

/** The tracking plan of each environment that has one, by its number. Throws ConfigError with every problem of all of them. */
export function loadPlans(environments: readonly Environment[]): ReadonlyMap<number, PlanPolicy> {
  const problems: string[] = [];
  const plans = new Map<number, PlanPolicy>();
  for (const { number, name, options } of environments) {
    if (options.plan === null) continue;
    const { file, mode, unplanned } = options.plan;
    try {
      plans.set(number, { plan: compilePlan(loadPlan(file)), mode, unplanned, environment: name });
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problems.push(...error.problems);
    }
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return plans;
}

/** Whether a plan can refuse anything. */
export function canRefuse(plans: ReadonlyMap<number, PlanPolicy>): boolean {
  return [...plans.values()].some(({ mode, unplanned }) => mode === 'reject' || unplanned === 'reject');
}
