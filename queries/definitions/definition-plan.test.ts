import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AppliedDefinition } from './applied-definitions.ts';
import { type DefinitionPlan, planDefinitions } from './definition-plan.ts';
import { readDefinitions } from './definition-set.ts';

const ENVIRONMENT = { number: 1, name: 'shop' };

const eventsOf = (...entries: readonly string[]) =>
  readDefinitions([{ file: 'a.yaml', text: `definitions: 1\nevents: [${entries.join(', ')}]` }]).events;

/** What a plan leaves behind: rows that were noted down, and views with their comments. */
function carriedOut({ changes }: DefinitionPlan, before: readonly AppliedDefinition[] = []) {
  const rows = new Map(before.map((row) => [row.name, row]));
  for (const { row } of changes) if (row !== undefined) rows.set(row.name, { ...row, appliedAtMs: 1 });
  const views = changes.flatMap(({ view, sql = '' }) => {
    const comment = /COMMENT '(.*)'$/s.exec(sql)?.[1];
    return comment === undefined ? [] : [{ name: view, comment }];
  });
  return { rows: [...rows.values()], views };
}

const told = ({ changes }: DefinitionPlan) =>
  changes.map(({ does, name, differences, sql, row }) => [
    does,
    name,
    differences.join(),
    sql !== undefined,
    row?.state,
  ]);

const A = '{ name: A, event: a }';
const B = '{ name: B, event: b, owner: me }';

test('planDefinitions() makes what is new, changes what is another, removes what is gone, and leaves the rest', () => {
  const first = planDefinitions(
    ENVIRONMENT,
    eventsOf(A, B, '{ name: C, event: c }', '{ name: D, event: d }'),
    [],
    [],
  );
  assert.deepEqual(
    told(first),
    ['A', 'B', 'C', 'D'].map((name) => ['add', name, '', true, 'applied']),
  );
  const { rows, views } = carriedOut(first);
  const next = planDefinitions(
    ENVIRONMENT,
    eventsOf(A, '{ name: B, event: b, owner: you }', '{ name: C, event: [c, cc] }'),
    rows,
    views,
  );
  assert.deepEqual(told(next), [
    ['change', 'B', 'owner', false, 'applied'],
    ['change', 'C', 'events', true, 'applied'],
    ['remove', 'D', '', true, 'removed'],
  ]);
  assert.deepEqual([next.unchanged, next.problems], [1, []]);
  assert.deepEqual(
    next.changes.map(({ warnings }) => warnings.length),
    [0, 1, 0],
  );
  assert.deepEqual(
    told(
      planDefinitions(
        ENVIRONMENT,
        eventsOf(A, B, '{ name: C, event: c }', '{ name: D, event: d }'),
        rows,
        views,
      ),
    ),
    [],
  );
});

test('planDefinitions() makes a view again that is gone, drops one that nobody noted down, and brings back what was removed', () => {
  const { rows, views } = carriedOut(planDefinitions(ENVIRONMENT, eventsOf(A, B), [], []));
  const [viewOfA] = views;
  const stray = { name: 'stray', comment: 'Made by cairn definitions apply (x): Stray' };
  const mended = planDefinitions(ENVIRONMENT, eventsOf(A, B), rows, [viewOfA!, stray]);
  assert.deepEqual(told(mended), [
    ['change', 'B', 'view', true, undefined],
    ['remove', 'stray', '', true, undefined],
  ]);
  const removed = carriedOut(planDefinitions(ENVIRONMENT, eventsOf(A), rows, views), rows);
  assert.deepEqual(told(planDefinitions(ENVIRONMENT, eventsOf(A, B), removed.rows, [viewOfA!])), [
    ['add', 'B', '', true, 'applied'],
  ]);
});

test('planDefinitions() renames a definition whose view stays, and refuses to replace what it did not make', () => {
  const { rows, views } = carriedOut(
    planDefinitions(ENVIRONMENT, eventsOf('{ name: Cart Seen, event: a }'), [], []),
  );
  const renamed = planDefinitions(ENVIRONMENT, eventsOf('{ name: cart seen, event: a }'), rows, views);
  assert.deepEqual(told(renamed), [
    ['remove', 'Cart Seen', '', false, 'removed'],
    ['add', 'cart seen', '', true, 'applied'],
  ]);
  assert.deepEqual(planDefinitions(ENVIRONMENT, eventsOf(A), [], [{ name: 'a', comment: '' }]).problems, [
    'Cannot make the view of "A": there is a table shop_definitions.a that was not made here',
  ]);
});
