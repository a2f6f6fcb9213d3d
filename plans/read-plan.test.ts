import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { INDUSTRIES, industryPlanText } from './industries.ts';
import { readPlan } from './read-plan.ts';

function planOf(text: string) {
  const read = readPlan(text, 'plan.yaml');
  assert.ok('plan' in read, JSON.stringify(read));
  return read.plan;
}

function problemsOf(text: string): readonly string[] {
  const read = readPlan(text, 'plan.yaml');
  return 'problems' in read ? read.problems : [];
}

const FULL = `plan: 1
name: Shop
naming: { events: Title Case }
events:
  Completed Order:
    description: paid
    owner: sales
    from: server
    properties:
      revenue: { type: number, required: yes, at least: 0 }
      method: { one of: [card, invoice] }
      when: time
  View:
    autocaptured: yes
user properties:
  plan: string
`;

test('readPlan() reads events and properties, in short or in full', () => {
  const { events, userProperties, naming } = planOf(FULL);
  assert.deepEqual(naming, { events: 'Title Case', properties: 'any' });
  const [order, view] = events;
  assert.deepEqual(
    order?.properties.map(({ name, type, required, oneOf, atLeast, line }) => ({
      name,
      type,
      required,
      oneOf,
      atLeast,
      line,
    })),
    [
      { name: 'revenue', type: 'number', required: true, oneOf: undefined, atLeast: 0, line: 10 },
      {
        name: 'method',
        type: 'string',
        required: false,
        oneOf: ['card', 'invoice'],
        atLeast: undefined,
        line: 11,
      },
      { name: 'when', type: 'time', required: false, oneOf: undefined, atLeast: undefined, line: 12 },
    ],
  );
  assert.deepEqual([order?.from, order?.owner, order?.line], ['server', 'sales', 5]);
  assert.deepEqual([view?.autocaptured, view?.from, view?.properties], [true, 'either', []]);
  assert.deepEqual(
    userProperties.map(({ name }) => name),
    ['plan'],
  );
});

test('readPlan() says where in the file what is wrong, all of it at once', () => {
  assert.deepEqual(
    problemsOf(`plan: 2
evnts: {}
events:
  A: { from: sever }
  A: {}
  B:
    properties:
      x: { type: numbr }
      y: { type: number, pattern: a }
      z: { type: string, at least: 1, longest: 0 }
      w: { pattern: "(a|b)+" }
      v: { one of: [1, two] }
      u: { type: number, at least: 3, at most: 2 }
user properties:
  p: { type: string, required: yes }
  q: [string]
`),
    [
      'plan.yaml:2: a plan: unknown field "evnts"; did you mean events?',
      'plan.yaml:1: want plan: 1, current value is 2',
      'plan.yaml:5: events: "A" is there twice, first in line 4',
      'plan.yaml:4: event "A", from: want one of client, server, either, current value is "sever"',
      'plan.yaml:8: event "B", properties, "x", type: want one of string, number, boolean, time, current value is "numbr"',
      'plan.yaml:9: event "B", properties, "y", pattern: only a string can have it, the type is number',
      'plan.yaml:10: event "B", properties, "z", at least: only a number can have it, the type is string',
      'plan.yaml:10: event "B", properties, "z", longest: want 1 to 1024 characters, current value is 0',
      'plan.yaml:11: event "B", properties, "w", pattern: want characters, ., \\d, \\w, [classes] and * + ? {m,n} behind one of them; no groups, no |',
      'plan.yaml:12: event "B", properties, "v", one of: want values of type number, current value is "two"',
      'plan.yaml:13: event "B", properties, "u", at least: 3 is more than at most, 2',
      'plan.yaml:15: user properties, "p", required: it says something of events only',
      'plan.yaml:16: user properties, "q": want a map of names, current value is a list',
    ],
  );
});

test('readPlan() says where a file is no YAML, and what an empty one lacks', () => {
  assert.match(problemsOf('plan: 1\nevents: {a: b')[0] ?? '', /^plan\.yaml:\d+: /);
  assert.deepEqual(problemsOf(''), ['plan.yaml:1: want plan: 1, current value is undefined']);
  assert.deepEqual(problemsOf('plan: 1\nevents: *x'), [
    'plan.yaml:2: events: want a map of names, current value is an alias',
  ]);
});

test('readPlan() never throws, whatever the text', () => {
  const piece = fc.constantFrom(
    'plan: 1\n',
    'events:\n',
    '  ',
    'a: ',
    '{',
    '}',
    '[',
    ']',
    '&x ',
    '*x',
    '- ',
    '\n',
    '? ',
    '!!map ',
    '"',
    "'",
    '<<: ',
    '__proto__: ',
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(piece).map((pieces) => pieces.join('')),
      ),
      (text) => {
        readPlan(text, 'f');
      },
    ),
    { numRuns: 500 },
  );
});

test('every industry has a plan that can be read', () => {
  const counts = INDUSTRIES.map((industry) => {
    const { events, eventProperties, userProperties, accountProperties, source } = planOf(
      industryPlanText(industry),
    );
    assert.match(source, /Heap Help Center/);
    return [events.length, eventProperties.length, userProperties.length, accountProperties.length];
  });
  assert.deepEqual(counts, [
    [6, 7, 5, 6],
    [18, 4, 9, 6],
    [12, 6, 5, 6],
  ]);
});
