/** What a request's inputs are held to where its environment has a tracking plan. */
import type { PlanOption } from '#lib/config/environments.ts';
import type { CompiledPlan, Properties, Violation, ViolationCode } from '#plans/core/compile-plan.ts';
import { violationText } from '#plans/core/violation-text.ts';
import { isCaptured } from '#schemas/kinds.ts';
import type { Collected } from '#schemas/types.ts';
import { type Refusal, refuse, shown } from './verdict.ts';

export type PlanPolicy = Pick<PlanOption, 'mode' | 'unplanned'> & {
  readonly plan: CompiledPlan;
  /** Name of the environment. */
  readonly environment: string;
};

/** A plan's policy, and what was found in one request. */
export type PlanCheck = {
  readonly policy: PlanPolicy;
  /** A code for each input that was taken although something is wrong with it. */
  readonly warned: ViolationCode[];
  readonly refused: PlanRefusal[];
};

/** An input that is refused for the plan alone: it would be in the log without one. */
export type PlanRefusal = Refusal & { readonly violation: ViolationCode; readonly record: Collected };

/** The input, or why the plan refuses it. `properties` are the input's, flat, before they are text. */
export function checkPlan(
  input: Collected,
  properties: Properties,
  check: PlanCheck | undefined,
): Collected | PlanRefusal {
  if (check === undefined) return input;
  const { policy } = check;
  const violation = violationOf(input, properties, policy.plan);
  if (violation === undefined) return input;
  const { code } = violation;
  const action = code === 'unplanned_event' ? policy.unplanned : policy.mode;
  if (action === 'allow') return input;
  if (action === 'reject') {
    const refusal = refuse(
      code === 'unplanned_event' ? 'unplanned_event' : 'plan_violation',
      violationText(violation, subjectOf(input)),
    );
    return { ...refusal, violation: code, record: input };
  }
  check.warned.push(code);
  return input;
}

export function isPlanRefusal(value: object): value is PlanRefusal {
  return 'violation' in value;
}

function violationOf(
  { kind, name, type, source }: Collected,
  properties: Properties,
  plan: CompiledPlan,
): Violation | undefined {
  switch (kind) {
    case 'event':
      return plan.checkEvent(name, isCaptured(type), source === 'server', properties);
    case 'user_properties':
      return plan.checkUser(properties);
    case 'account_properties':
      return plan.checkAccount(properties);
    default:
      return undefined;
  }
}

function subjectOf({ kind, name }: Collected): string {
  if (kind === 'event') return `event ${shown(name)}`;
  return kind === 'user_properties' ? 'user properties' : 'account properties';
}
