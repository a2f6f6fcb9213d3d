import { ConfigError } from '#lib/errors.ts';
import { type Coverage, coverage } from '#plans/core/coverage.ts';
import { loadPlan } from '#plans/load-plan.ts';
import { observePlan } from '#queries/observe-plan.ts';
import { AnswerError, type Answers, signalOf } from './answers.ts';
import type { App } from './app.ts';

const LOOK_BACK_MS = 30 * 86_400_000;

export type PlanAnswer = {
  /** null where the environment has no plan. */
  readonly plan: {
    readonly name: string;
    readonly mode: 'warn' | 'reject';
    readonly unplanned: 'allow' | 'warn' | 'reject';
    readonly coverage: Coverage;
  } | null;
};

/** `GET /api/plan`: what the environment's tracking plan expects beside what arrived in thirty days. */
export function addPlan({ server, visitor }: App, answers: Answers): void {
  server.get('/api/plan', async (request, reply): Promise<PlanAnswer> => {
    const { name: database, number, options } = visitor(request).environment;
    if (options.plan === null) return { plan: null };
    const { file, mode, unplanned } = options.plan;
    const plan = readPlan(file);
    const ask = answers.asking(signalOf(reply));
    const scope = { environment: number, fromMs: Date.now() - LOOK_BACK_MS };
    const observed = await observePlan(
      async (query) => [...(await ask<never>(query))],
      plan,
      scope,
      database,
    );
    return { plan: { name: plan.name, mode, unplanned, coverage: coverage(plan, observed) } };
  });
}

/** Read each time: a plan is edited while people look at what became of it. */
function readPlan(file: string) {
  try {
    return loadPlan(file);
  } catch (cause) {
    if (!(cause instanceof ConfigError)) throw cause;
    throw new AnswerError(422, 'bad_plan', cause.message, { cause });
  }
}
