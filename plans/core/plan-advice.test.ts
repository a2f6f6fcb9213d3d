import assert from 'node:assert/strict';
import { test } from 'node:test';
import { INDUSTRIES, industryPlanText } from '../industries.ts';
import { readPlan } from '../read-plan.ts';
import { planAdvice } from './plan-advice.ts';

function adviceOn(text: string): string[] {
  const read = readPlan(text, 'plan.yaml');
  assert.ok('plan' in read, JSON.stringify(read));
  return planAdvice(read.plan).map(({ line, level, message }) => `${line} ${level} ${message}`);
}

test('planAdvice() finds names against the convention, names that meet in the warehouse, and slips', () => {
  assert.deepEqual(
    adviceOn(`plan: 1
naming: { events: Title Case, properties: snake_case }
events:
  Completed Order:
    properties:
      total: number
      Currency: string
  Completed  Order: {}
  Completed Orders: {}
  add to cart:
    properties:
      total: string
      cur_rency: string
user properties:
  Id: string
`),
    [
      '7 problem event "Completed Order", property "Currency": the plan\'s names are in snake_case',
      '8 problem event "Completed  Order": the plan\'s names are in Title Case',
      '8 problem "Completed  Order" and "Completed Order" (line 4) would share the view completed_order',
      '9 hint "Completed Orders" and "Completed Order" (line 4) are nearly the same: one of them may be a slip',
      '10 problem event "add to cart": the plan\'s names are in Title Case',
      '12 hint property "total" is a string, and a number in line 6',
      '13 hint property "cur_rency" is "Currency" in line 7: write it one way',
      '15 problem user properties, property "Id": the plan\'s names are in snake_case',
      '15 problem user property "Id": the collector refuses the name',
    ],
  );
});

test('planAdvice() has no problem with the plans of industries', () => {
  for (const industry of INDUSTRIES)
    assert.deepEqual(
      adviceOn(industryPlanText(industry)).filter((line) => line.includes('problem')),
      [],
    );
});
