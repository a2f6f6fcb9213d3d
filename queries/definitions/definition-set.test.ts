import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { definitionProblemText } from './definition.ts';
import { definedEvents, readDefinitions } from './definition-set.ts';
import { selectorPattern } from './selector-pattern.ts';

const read = (...texts: readonly string[]) =>
  readDefinitions(texts.map((text, index) => ({ file: `${'abc'[index]}.yaml`, text })));
const problemsOf = (...texts: readonly string[]) => read(...texts).problems.map(definitionProblemText);
const field = (name: string) => ({ of: 'field', name });

const CHECKOUT = `definitions: 1
convention:
  names: Object Action
  categories: [Checkout, Growth]
  required: [category, owner, description]
category: Checkout
owner: shop@shop.example
events:
  - name: Checkout Clicked
    kind: event
    on: click
    selector: form#cart > button.buy
    page: shop.example/cart*
    text: [Buy now, 'Buy *']
    where: [plan = pro, 'field.country in CH, DE']
    description: Somebody starts to pay
    verified: yes
    version: 2
    changed: the button moved into the form
  - name: Purchase Made
    any of: [Checkout Clicked, { event: Purchase }, Newsletter Joined]
    description: Somebody pays
  - name: Newsletter Joined
    kind: label
    event: nl_join_v2
    category: Growth
    description: Somebody wants our news
  - name: Old Thing
    event: old
    description: was counted until 2025
    archived: yes
`;

test('readDefinitions() reads events, combos and labels, with what is said of all of a file', () => {
  const set = read(CHECKOUT);
  assert.deepEqual(set.problems.map(definitionProblemText), []);
  const [clicked] = set.definitions;
  const { meaning, yaml, ...rest } = clicked!;
  assert.deepEqual(rest, {
    name: 'Checkout Clicked',
    kind: 'event',
    category: 'Checkout',
    owner: 'shop@shop.example',
    description: 'Somebody starts to pay',
    verified: true,
    version: 2,
    changed: 'the button moved into the form',
    archived: false,
    place: { file: 'a.yaml', line: 9, column: 5 },
  });
  assert.deepEqual(meaning, {
    names: ['click'],
    where: [
      { property: field('type'), is: 'one of', values: ['click'] },
      { property: field('hierarchy'), is: 'containing', value: '#cart;' },
      { property: field('hierarchy'), is: 'matching', value: selectorPattern('form#cart > button.buy') },
      { property: field('domain'), is: 'one of', values: ['shop.example'] },
      { property: field('path'), is: 'starting with', value: '/cart' },
      { property: field('target_text'), is: 'matching', value: '^(?:Buy now|Buy [\\s\\S]*)$' },
      { property: { of: 'event', name: 'plan' }, is: 'one of', values: ['pro'] },
      { property: field('country'), is: 'one of', values: ['CH', 'DE'] },
    ],
  });
  assert.ok(yaml.startsWith('name: Checkout Clicked\n') && yaml.endsWith('into the form'), yaml);
  assert.deepEqual(definedEvents(set).get('Purchase Made'), {
    label: 'Purchase Made',
    anyOf: [meaning, { names: ['Purchase'] }, { names: ['nl_join_v2'] }],
  });
  assert.deepEqual(
    [...definedEvents(set).keys()],
    ['Checkout Clicked', 'Purchase Made', 'Newsletter Joined'],
  );
});

test('readDefinitions() lets captured kinds be several, and takes a pageview for what Heap calls view page', () => {
  const set = read(
    '{ definitions: 1, events: [{ name: Seen, on: [pageview, click], page: { title: "*Cart*" } }] }',
  );
  assert.deepEqual(definedEvents(set).get('Seen')?.anyOf, [
    {
      names: ['pageview', 'click'],
      where: [
        { property: field('type'), is: 'one of', values: ['view page', 'click'] },
        { property: field('title'), is: 'containing', value: 'Cart' },
      ],
    },
  ]);
});

const events = (...entries: readonly string[]) =>
  `definitions: 1\nevents:\n${entries.map((one) => `  - ${one}`).join('\n')}\n`;

const BAD: readonly [what: string, texts: readonly string[], ...problems: string[]][] = [
  [
    'what is no YAML',
    ['definitions: [1'],
    'a.yaml:1:16: cannot read the YAML: Flow sequence in block collection must be sufficiently indented and end with a ]',
  ],
  [
    'a key twice',
    ['definitions: 1\ndefinitions: 1'],
    'a.yaml:2:1: cannot read the YAML: Map keys must be unique',
  ],
  ['no object', ['- a'], 'a.yaml:1:1: want an object with definitions: 1 and events, current value is ["a"]'],
  [
    'no version',
    ['events: []'],
    'a.yaml:1:1: definitions: missing: want definitions: 1, the version of the format',
  ],
  ['another version', ['definitions: 2'], 'a.yaml:1:14: definitions: want 1, current value is 2'],
  ['an unknown key', ['definitions: 1\nevnts: []'], 'a.yaml:2:8: evnts: unknown key; did you mean events?'],
  [
    'a definition without a name or anything',
    [events('{}')],
    'a.yaml:3:5: events[0].name: missing: want a name',
    'a.yaml:3:5: events[0]: want one of on (pageview, click, change, submit, touch, edit field) or event (a name as it was sent)',
  ],
  [
    'a key that another kind has',
    [events('{ name: A, kind: label, event: a, selector: b }')],
    'a.yaml:3:49: events[0].selector: there is none in a definition of kind label',
  ],
  [
    'an unknown captured kind',
    [events('{ name: A, on: clik }')],
    'a.yaml:3:20: events[0].on: want pageview, click, change, submit, touch or edit field, current value is "clik"',
  ],
  [
    'a selector of what is not captured',
    [events('{ name: A, on: click, selector: "a:hover" }')],
    'a.yaml:3:37: events[0].selector: cannot use the selector "a:hover": at 2, pseudo-classes and pseudo-elements (:hover, :nth-child(), ::before) are not captured; want tags, #ids, .classes and [attributes]',
  ],
  [
    'a selector of a sent event',
    [events('{ name: A, event: a, selector: a }')],
    'a.yaml:3:36: events[0].selector: only captured events happen on an element: want on',
  ],
  [
    'an address with its scheme',
    [events('{ name: A, on: click, page: "https://a.example/" }')],
    'a.yaml:3:33: events[0].page: want a domain and a path such as shop.example/cart* or /cart*; or an object with domain, path, query, hash or title, current value is "https://a.example/"',
  ],
  [
    'a condition on a user',
    [events('{ name: A, on: click, where: user.plan = x }')],
    'a.yaml:3:34: events[0].where: want properties of the event, such as plan or field.path, current property is user.plan; whose events count is for the question',
  ],
  [
    'a wrong condition, in its place',
    [
      `definitions: 1\nevents:\n  - name: A\n    on: click\n    where:\n      - plan = x\n      - field.pth = y\n`,
    ],
    'a.yaml:7:9: events[0].where[1]: unknown field "pth"; did you mean path?',
  ],
  [
    'a name with @',
    [events('{ name: "@A", event: a }')],
    'a.yaml:3:13: events[0].name: want a name without @ before it, spaces around it, or control characters, current value is "@A"',
  ],
  [
    'an unknown part',
    [events('{ name: A, event: a }', '{ name: B, any of: [AA] }', '{ name: C, any of: [Purchase] }')],
    'a.yaml:4:5: "B" names the unknown definition "AA"; did you mean A, C?',
    'a.yaml:5:5: "C" names the unknown definition "Purchase"; an event as it was sent is written { event: "Purchase" }',
  ],
  [
    'an archived part, and what is wrong because of it',
    [events('{ name: A, event: a, archived: true }', '{ name: B, any of: [A] }', '{ name: C, any of: [B] }')],
    'a.yaml:4:5: "B" names "A", which is archived',
    'a.yaml:5:5: "C" names "B", which is wrong itself',
  ],
  [
    'circles',
    [events('{ name: A, any of: [B] }', '{ name: B, any of: [A] }', '{ name: C, any of: [C] }')],
    'a.yaml:3:5: "A" is a part of itself: A > B > A',
    'a.yaml:4:5: "A" is a part of itself: A > B > A',
    'a.yaml:5:5: "C" is a part of itself: C > C',
  ],
  [
    'names twice, in one file or two, or with one view for both',
    [events('{ name: A b, event: a }', '{ name: A-b, event: b }'), events('{ name: A b, event: c }')],
    'a.yaml:4:5: "A-b" and "A b", at a.yaml:3, would have the same view a_b',
    'b.yaml:3:5: "A b" is defined already, at a.yaml:3',
  ],
  [
    'the same meaning in other words',
    [
      events(
        '{ name: A, on: [click, change], where: [x = 1, "y in 2, 3"] }',
        '{ name: B, on: [change, click], where: ["y in 3, 2", x = 1] }',
        '{ name: C, any of: [A, { event: z }] }',
        '{ name: D, any of: [{ event: z }, B] }',
      ),
    ],
    'a.yaml:4:5: "B" means the same as "A", at a.yaml:3: use one, or archive one',
    'a.yaml:6:5: "D" means the same as "C", at a.yaml:5: use one, or archive one',
  ],
  [
    'a name that hides an event',
    [
      events(
        '{ name: Purchase, any of: [{ event: Purchase }, { event: Order }] }',
        '{ name: Order, kind: label, event: Order }',
      ),
    ],
    'a.yaml:3:5: "Purchase" hides the event of that name, which a.yaml:3 reads, and means something else',
  ],
  [
    'what is against the convention',
    [
      'definitions: 1\nconvention: { names: Object Action, categories: [Checkout], required: [owner, description] }\n',
      events(
        '{ name: checkout, event: a, category: Chekout, owner: me, description: x }',
        '{ name: Cart Seen, event: b }',
      ),
    ],
    'b.yaml:3:5: the name "checkout" is not as the convention asks: Object Action',
    'b.yaml:3:5: "checkout" has the unknown category "Chekout"; did you mean Checkout?',
    'b.yaml:4:5: "Cart Seen" has no owner, which the convention asks for',
    'b.yaml:4:5: "Cart Seen" has no description, which the convention asks for',
  ],
  [
    'two conventions',
    ['{ definitions: 1, convention: {} }', '{ definitions: 1, convention: {} }'],
    'b.yaml:1:31: there is a convention already, at a.yaml:1',
  ],
  [
    'a convention that cannot be used',
    ['{ definitions: 1, convention: { names: "/(/", required: [ownr] } }'],
    'a.yaml:1:40: convention.names: Invalid regular expression: /(/: Unterminated group',
    'a.yaml:1:58: convention.required[0]: want category, owner or description, current value is "ownr"',
  ],
];

for (const [what, texts, ...problems] of BAD) {
  test(`readDefinitions() tells of ${what}`, () => assert.deepEqual(problemsOf(...texts), problems));
}

test('readDefinitions() refuses aliases that stand for too much', () => {
  const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
  for (let depth = 1; depth < 12; depth += 1)
    lines.push(`a${depth}: &a${depth} [${`*a${depth - 1}, `.repeat(10)}]`);
  assert.match(
    problemsOf(lines.join('\n'))[0] ?? '',
    /^a\.yaml:1:1: cannot read the YAML: Excessive alias count/,
  );
});

test('readDefinitions() reads the example of docs/DEFINITIONS.md', () => {
  const text = readFileSync(new URL('../../docs/DEFINITIONS.md', import.meta.url), 'utf8');
  const [, yaml = ''] = /^```yaml\n(.*?)^```/ms.exec(text) ?? [];
  const set = read(yaml);
  assert.deepEqual(set.problems.map(definitionProblemText), []);
  assert.deepEqual(
    [...definedEvents(set).keys()],
    ['Checkout Clicked', 'Newsletter Joined', 'Interest Shown'],
  );
});
