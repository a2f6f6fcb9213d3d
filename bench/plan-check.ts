/**
 * What a tracking plan costs the collector: requests of 100 events decided and encoded, with and without a plan, in turns.
 * Run it by hand: `node bench/plan-check.ts`. Nothing is measured but the deciding: neither HTTP nor Kafka.
 */
import { DEFAULT_OPTIONS } from '#lib/config/environments.ts';
import { compilePlan } from '#plans/core/compile-plan.ts';
import { industryPlanText } from '#plans/industries.ts';
import { readPlan } from '#plans/read-plan.ts';
import { accept, type Circumstances } from '../services/collector/core/accept.ts';
import { NO_CLIENT } from '../services/collector/core/client.ts';
import type { PlanPolicy } from '../services/collector/core/plan-check.ts';
import { createRecordEncoder } from '../services/collector/shell/record-encoder.ts';

const EVENTS = 100;
const ROUNDS = 9;
const REQUESTS = 400;

const environment = { number: 1, appId: '11', name: 'main_production', apiKey: '', options: DEFAULT_OPTIONS };
const read = readPlan(industryPlanText('ecommerce'), 'ecommerce');
if ('problems' in read) throw new Error(read.problems.join('\n'));
const policy: PlanPolicy = {
  plan: compilePlan(read.plan),
  mode: 'reject',
  unplanned: 'reject',
  environment: 'main_production',
};

const body = JSON.stringify({
  app_id: '11',
  events: Array.from({ length: EVENTS }, (_, index) => ({
    identity: `user${index}@example.com`,
    event: 'Completed Order',
    idempotency_key: `order ${index}`,
    timestamp: 1_767_225_600_000 + index,
    properties: {
      ...{
        revenue: 30.5,
        orderTotal: 36,
        orderItemCount: 3,
        orderShipping: 4,
        orderTax: 1.5,
        orderDiscount: 0,
      },
      ...{ 'Promo Code Used': 'SPRING', SKU: 'A-1', 'Payment Method': 'card', accountType: 'paid' },
    },
  })),
});

function secondsOf(plans: Circumstances['plans']): number {
  const encode = createRecordEncoder(() => 4);
  const circumstances = {
    ...{ environments: new Map([['11', environment]]), plans, refusePlaceholders: true },
    ...{
      maxAgeMs: Number.MAX_SAFE_INTEGER,
      receivedAt: 1_767_225_700_000,
      newId: () => 1,
      client: NO_CLIENT,
    },
  };
  const startedMs = performance.now();
  for (let request = 0; request < REQUESTS; request += 1) {
    const outcome = accept('/api/track', JSON.parse(body), circumstances);
    if ('error' in outcome || outcome.rejected.length > 0) throw new Error(JSON.stringify(outcome));
    outcome.accepted.map(encode);
  }
  return (performance.now() - startedMs) / 1000;
}

const without: number[] = [];
const held: number[] = [];
for (let round = 0; round < ROUNDS; round += 1) {
  without.push(secondsOf(new Map()));
  held.push(secondsOf(new Map([[1, policy]])));
}
const median = (list: readonly number[]) =>
  list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)] as number;
const rate = (seconds: number) => Math.round((EVENTS * REQUESTS) / seconds);
process.stdout.write(
  `${JSON.stringify({ withoutPlan: rate(median(without)), withPlan: rate(median(held)), ratio: Number((median(held) / median(without)).toFixed(3)) })}\n`,
);
