import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readPlan } from '../read-plan.ts';
import { type CompiledPlan, compilePlan } from './compile-plan.ts';
import type { Plan, PlannedProperty } from './plan.ts';
import { arbitraryProperty, arbitraryValue } from './testing.ts';
import { violationText } from './violation-text.ts';

function compiled(text: string): CompiledPlan {
  const read = readPlan(`plan: 1\n${text}`, 'plan.yaml');
  assert.ok('plan' in read, JSON.stringify(read));
  return compilePlan(read.plan);
}

const SHOP = compiled(`
events:
  Order:
    from: server
    properties:
      total: { type: number, required: yes, at least: 0 }
      method: { one of: [card, invoice] }
      code: { pattern: '[A-Z]{3}-\\d+', longest: 8 }
  Search:
    autocaptured: yes
  pageview: { autocaptured: yes, properties: { theme: string } }
event properties:
  paid: boolean
pageview properties:
  section: { type: string, required: yes }
user properties:
  since: time
account properties:
  seats: number
`);

const codeOf = (...args: Parameters<CompiledPlan['checkEvent']>) => SHOP.checkEvent(...args)?.code;

test('checkEvent() finds what is wrong with an event, and nothing where it is as planned', () => {
  const cases: [Record<string, unknown>, string | undefined][] = [
    [{ total: 0 }, undefined],
    [{ total: 1.5, method: 'card', code: 'ABC-1234', paid: true, other: 'x' }, undefined],
    [{}, 'missing_property'],
    [{ total: '5' }, 'wrong_type'],
    [{ total: -1 }, 'wrong_value'],
    [{ total: 1, method: 'cash' }, 'wrong_value'],
    [{ total: 1, code: 'ABC-12345' }, 'wrong_value'],
    [{ total: 1, code: 'abc-1' }, 'wrong_value'],
    [{ total: 1, paid: 'true' }, 'wrong_type'],
  ];
  for (const [properties, code] of cases)
    assert.equal(codeOf('Order', false, true, properties), code, JSON.stringify(properties));
  assert.equal(codeOf('Order', false, false, { total: 1 }), 'wrong_sender');
});

test('checkEvent() takes what is captured for planned, and holds pageviews to their properties', () => {
  assert.equal(codeOf('click', true, false, {}), undefined);
  assert.equal(codeOf('click', true, false, { paid: 1 }), 'wrong_type');
  assert.equal(codeOf('pageview', true, false, {}), 'missing_property');
  assert.equal(codeOf('pageview', true, false, { section: 's', theme: 5 }), 'wrong_type');
  assert.equal(codeOf('Order', true, false, {}), undefined);
  assert.equal(codeOf('click', false, false, {}), 'unplanned_event');
  assert.equal(codeOf('constructor', false, false, {}), 'unplanned_event');
});

test('checkUser() and checkAccount() hold properties to their types, and miss none: each is set when it is known', () => {
  assert.equal(SHOP.checkUser({})?.code, undefined);
  assert.equal(SHOP.checkUser({ since: '2026-02-30' })?.code, undefined);
  assert.equal(SHOP.checkUser({ since: 'yesterday' })?.code, 'wrong_type');
  assert.equal(SHOP.checkAccount({ seats: 'five' })?.code, 'wrong_type');
});

test('violationText() says which property, what was expected and what came', () => {
  const textOf = (properties: Record<string, unknown>) =>
    violationText(SHOP.checkEvent('Order', false, true, properties) ?? assert.fail(), 'event "Order"');
  assert.equal(
    textOf({ total: '12' }),
    'Cannot accept event "Order": property "total" has to be a number of at least 0, current value is the string "12"',
  );
  assert.equal(
    textOf({ total: 1, method: 'cash' }),
    'Cannot accept event "Order": property "method" has to be one of "card", "invoice", current value is the string "cash"',
  );
  assert.equal(
    textOf({}),
    'Cannot accept event "Order": the tracking plan requires property "total", a number of at least 0',
  );
});

/** What the rules say, in the simplest words. */
function naiveCode(property: PlannedProperty, value: unknown): string | undefined {
  if (value === undefined) return property.required ? 'missing_property' : undefined;
  const isTime =
    (typeof value === 'string' && /^\d{4}-\d\d-\d\d/.test(value)) ||
    (typeof value === 'number' && value >= 0 && Math.floor(value) === value && value <= 8.64e15);
  const isRight = property.type === 'time' ? isTime : typeof value === property.type;
  if (!isRight) return 'wrong_type';
  const { oneOf, atLeast = -Infinity, atMost = Infinity, longest = Infinity, pattern } = property;
  const text = String(value);
  const fits =
    (oneOf?.some((one) => one === value) ?? true) &&
    (typeof value !== 'number' || (value >= atLeast && value <= atMost)) &&
    (typeof value !== 'string' || [...text].length <= longest) &&
    (pattern === undefined || new RegExp(`^${pattern}$`, 'su').test(text));
  return fits ? undefined : 'wrong_value';
}

test('checkEvent() says of any property and value what the naive rules say, and of several the first', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(arbitraryProperty, { selector: ({ name }) => name, maxLength: 5 }),
      fc.array(fc.option(arbitraryValue, { nil: undefined }), { minLength: 5, maxLength: 5 }),
      (planned, values) => {
        const plan: Plan = {
          ...{ name: '', source: '', naming: { events: 'any', properties: 'any' } },
          ...{
            eventProperties: [],
            pageviewProperties: [],
            userProperties: [],
            accountProperties: [],
            sessionProperties: [],
          },
          events: [
            {
              ...{ name: 'E', description: '', trigger: '', owner: '', category: '', line: 1 },
              ...{ from: 'either', autocaptured: false, properties: planned },
            },
          ],
        };
        const properties: Record<string, unknown> = {};
        for (const [index, { name }] of planned.entries())
          if (values[index] !== undefined) properties[name] = values[index];
        const expected = planned
          .map((property, index) => naiveCode(property, values[index]))
          .find((code) => code !== undefined);
        assert.equal(compilePlan(plan).checkEvent('E', false, false, properties)?.code, expected);
      },
    ),
    { numRuns: 2000 },
  );
});
