import { ConfigError } from '#lib/errors.ts';
import type { Plan } from '#plans/core/plan.ts';
import { loadPlan } from '#plans/load-plan.ts';
import { CommandError } from '../usage-error.ts';

/** The plan of a file. Throws CommandError with every problem. */
export function readPlanFile(file: string): Plan {
  try {
    return loadPlan(file);
  } catch (error) {
    throw error instanceof ConfigError ? new CommandError(error.message) : error;
  }
}
