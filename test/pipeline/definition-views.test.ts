/** Definitions as views, in a real ClickHouse with the loader's tables: no Kafka. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { identifier, literal } from '#lib/clickhouse/sql-text.ts';
import { type DefinitionSet, readDefinitions, viewName } from '#queries/definitions/definition-set.ts';
import {
  definitionCountsQuery,
  definitionEventsQuery,
  definitionViewSql,
} from '#queries/definitions/definition-view.ts';
import { selectorPattern } from '#queries/definitions/selector-pattern.ts';
import { SelectorError } from '#queries/definitions/selector-scanner.ts';
import { aSelection, chainOf, isMatched } from '#queries/definitions/testing.ts';
import type { EventMatch } from '#queries/event-match.ts';
import { eventRows } from '#queries/event-rows.ts';
import { inlineParams } from '#queries/inline-params.ts';
import { Parameters } from '#queries/parameters.ts';
import type { Collected } from '#schemas/types.ts';
import { dictionariesOf } from '../../services/loader/core/resolver-sql.ts';
import { openLoader, T0 } from '../support/loader-in-memory.ts';
import { startViewDatabase, type ViewDatabase } from '../support/view-database.ts';

const ENVIRONMENT = { number: 1, name: 'main_production' };

let database: ViewDatabase;

const click = (id: number, fields: Partial<Collected>): Partial<Collected> => ({
  ...{ kind: 'event', name: 'click', type: 'click', event_id: id, device_id: id, time: T0 + id },
  ...fields,
});

const EVENTS: readonly Partial<Collected>[] = [
  click(1, {
    hierarchy: '@button;.buy;|@form;#cart;|',
    domain: 'shop.example',
    path: '/cart',
    target_text: 'Buy',
  }),
  click(2, {
    hierarchy: '@button;.buy;|@form;#other;|',
    domain: 'shop.example',
    path: '/cart',
    target_text: 'Buy',
  }),
  click(3, {
    hierarchy: '@span;|@button;.buy;|@form;#cart;|',
    path: '/cart/2',
    properties: '{"plan":"it\'s","n":3}',
  }),
  // A program's own event of that name is no click.
  click(4, { type: 'custom', hierarchy: '@button;.buy;|@form;#cart;|', path: '/cart' }),
  click(5, { name: 'Purchase', type: 'Purchase', properties: '{"total":5}' }),
  click(6, { name: 'pageview', type: 'view page', path: '/cart', title: 'Your *cart*' }),
];

const read = (yaml: string): DefinitionSet => {
  const set = readDefinitions([{ file: 'a.yaml', text: `definitions: 1\nevents:\n${yaml}` }]);
  assert.deepEqual(set.problems, []);
  return set;
};

const idsOf = async (sql: string) =>
  (await database.rows<{ event_id: number }>(sql)).map((row) => row.event_id);

/** Makes the view of each definition, and gives the events that the views, the library and questions find. */
async function found(set: DefinitionSet): Promise<ReadonlyMap<string, readonly number[]>> {
  const all = new Map<string, readonly number[]>();
  for (const event of set.events) {
    await database.clickHouse.command(definitionViewSql(ENVIRONMENT, event, 'hash'));
    const { name } = event.definition;
    const view = `main_production_definitions.${identifier(viewName(name))}`;
    const ids = await idsOf(`SELECT event_id FROM ${view} ORDER BY event_id`);
    assert.deepEqual(await idsOf(asQuestion(event.match)), ids, `a question about ${name}`);
    const [count] = await database.rows<{ events: number }>(
      inlineParams(definitionCountsQuery(1, [event.match], 0)),
    );
    assert.equal(count?.events, ids.length);
    all.set(name, ids);
  }
  return all;
}

/** Events that a question with this match is about. */
function asQuestion(match: EventMatch): string {
  const parameters = new Parameters();
  const scope = { environment: 1, database: 'main_production', accountIdProperty: '' };
  const rows = eventRows(scope, parameters, { matches: [match], subject: 'user' });
  return inlineParams({ sql: `SELECT event_id FROM (${rows}) ORDER BY event_id`, params: parameters.values });
}

before(async () => {
  database = await startViewDatabase();
  await database.start();
  await database.clickHouse.command('CREATE DATABASE main_production_definitions');
  await openLoader(database.clickHouse).load(EVENTS);
});

after(() => database?.stop());

test('a definition’s view holds the events it stands for, as questions find them', async () => {
  const set = read(`
  - { name: Buy Clicked, on: click, selector: "form#cart > .buy" }
  - { name: Buy Touched, on: click, selector: "form#cart .buy, form#cart .buy > span" }
  - { name: Cart Clicked, on: [click, change], page: /cart* }
  - { name: Shop Clicked, on: click, page: "*.example/cart", text: B* }
  - { name: Cart Seen, on: pageview, page: { path: /cart, title: "Your \\\\*cart\\\\*" } }
  - { name: It is, on: click, where: ["plan = it's", n > 2.5, field.target_text unknown] }
  - { name: Paid, kind: label, event: Purchase }
  - { name: Paid Much, event: Purchase, where: total >= 6 }
  - { name: Anything, any of: [Buy Clicked, Paid, { event: pageview }] }
`);
  assert.deepEqual(Object.fromEntries(await found(set)), {
    'Buy Clicked': [1],
    'Buy Touched': [1, 3],
    'Cart Clicked': [1, 2, 3],
    'Shop Clicked': [1, 2],
    'Cart Seen': [6],
    'It is': [3],
    Paid: [5],
    'Paid Much': [],
    Anything: [1, 5, 6],
  });
  assert.deepEqual(
    await database.rows(`SELECT user_id, session_id, source, path, target_text, heap_previous_page, event_table_name,
  properties.total AS total FROM main_production_definitions.anything ORDER BY event_id LIMIT 1`),
    [
      {
        ...{ user_id: 1, session_id: null, source: 'server', path: '/cart', target_text: 'Buy' },
        ...{ heap_previous_page: null, event_table_name: 'click', total: null },
      },
    ],
  );
});

test('selectors match in ClickHouse what a CSS engine says they match', async () => {
  const tried = fc.sample(aSelection, 1500).flatMap(({ elements, selector }) => {
    try {
      return [
        {
          chain: chainOf(elements),
          pattern: selectorPattern(selector),
          expected: isMatched(elements, selector),
          selector,
        },
      ];
    } catch (error) {
      if (error instanceof SelectorError) return [];
      throw error;
    }
  });
  const matched: boolean[] = [];
  for (let from = 0; from < tried.length; from += 100) {
    const terms = tried
      .slice(from, from + 100)
      .map(({ chain, pattern }) => `match(materialize(${literal(chain)}), ${literal(pattern)})`);
    const [row] = await database.rows<{ list: number[] }>(`SELECT [${terms.join(', ')}] AS list`);
    matched.push(...(row?.list ?? []).map((one) => one === 1));
  }
  const differing = tried.filter(({ expected }, index) => matched[index] !== expected);
  assert.deepEqual(differing, []);
  assert.equal(matched.length, tried.length);
  assert.ok(matched.filter((one) => one).length > 50);
});

test('nothing that a definition holds gets out of its literal or its name', async () => {
  const hostile = [
    "'; DROP DATABASE cairn; --",
    '\\',
    "\\'",
    '`',
    '{p0:String}',
    'a\nb\tc',
    '") OR 1=1 --',
    '/* */',
    '🎉',
    '%s',
  ];
  await openLoader(database.clickHouse).load(
    hostile.map((text, index) =>
      click(100 + index, { target_text: text, properties: JSON.stringify({ [text]: text }) }),
    ),
  );
  for (const [index, text] of hostile.entries()) {
    const quoted = JSON.stringify(text);
    const where = `{ property: { of: event, name: ${quoted} }, is: one of, values: [${quoted}] }`;
    const exact = JSON.stringify(text.replace(/[*\\]/g, '\\$&'));
    const set = read(`
  - { name: ${JSON.stringify(`Hostile ${text.replace(/[\n\t]/g, ' ')} ${index}`)}, on: click, description: ${quoted}, text: ${exact}, where: ${where} }
  - { name: Containing ${index}, on: click, where: { property: field.target_text, is: containing, value: ${quoted} } }
`);
    const [exactly, containing] = (await found(set)).values();
    assert.deepEqual(exactly, [100 + index], text);
    assert.ok(containing?.includes(100 + index), text);
  }
  assert.ok((await database.rows('SELECT name FROM system.databases')).length > 2);
  const [hit] = await database.rows<{ n: number }>(
    "SELECT countIf(comment LIKE 'Made by cairn definitions apply (hash): Hostile%') AS n FROM system.tables WHERE database = 'main_production_definitions'",
  );
  assert.equal(hit?.n, hostile.length);
});

test('views of definitions follow the live generation, and outlive a loader that starts again', async () => {
  const { clickHouse } = database;
  const set = read('  - { name: Buy Clicked, on: click, selector: "form#cart > .buy" }');
  const ids = async () => (await found(set)).get('Buy Clicked');
  assert.deepEqual(await ids(), [1]);
  for (const { sql } of dictionariesOf(2)) await clickHouse.command(sql);
  await openLoader(clickHouse, 2).load([
    click(1, { hierarchy: '@button;.buy;|@form;#cart;|' }),
    click(7, { hierarchy: '@button;.buy;|@form;#cart;|' }),
  ]);
  await clickHouse.command('INSERT INTO cairn.live VALUES (2, now64(6))');
  const view = 'SELECT event_id FROM main_production_definitions.buy_clicked ORDER BY event_id';
  assert.deepEqual(await idsOf(view), [1, 7]);
  await database.start();
  assert.deepEqual(await idsOf(view), [1, 7]);
  await clickHouse.command('INSERT INTO cairn.live VALUES (1, now64(6))');
  assert.deepEqual(await idsOf(view), [1]);
  assert.ok(definitionEventsQuery(1, set.events[0]!.match).sql.includes('cairn.resolved_events'));
});
