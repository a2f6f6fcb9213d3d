import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadEnvironments } from '#lib/config/environments.ts';
import { ConfigError } from '#lib/errors.ts';
import { rejectedCodec } from '#schemas/codec.ts';
import { canRefuse, loadPlans } from './load-plans.ts';
import { createTestServer } from './testing.ts';

const PLAN = 'plan: 1\nevents:\n  Order: { properties: { total: { type: number, required: yes } } }\n';

/** A registry of one environment with a plan file beside it. */
function loaded(plan: object, text: string) {
  const folder = mkdtempSync(join(tmpdir(), 'cairn-plan-'));
  try {
    writeFileSync(join(folder, 'plan.yaml'), text);
    const registry = [{ number: 1, appId: '11', name: 'main_production', options: { plan } }];
    writeFileSync(join(folder, 'environments.json'), JSON.stringify(registry));
    return loadPlans(loadEnvironments(join(folder, 'environments.json')));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('a plan beside the registry is loaded, and a wrong one ends the start with every problem', () => {
  assert.equal(canRefuse(loaded({ file: 'plan.yaml' }, PLAN)), false);
  assert.equal(canRefuse(loaded({ file: 'plan.yaml', mode: 'reject' }, PLAN)), true);
  assert.equal(canRefuse(loaded({ file: 'plan.yaml', unplanned: 'reject' }, PLAN)), true);
  assert.throws(
    () => loaded({ file: 'plan.yaml' }, 'plan: 3\nevents: [a]\n'),
    (error: ConfigError) =>
      error instanceof ConfigError &&
      error.problems.length === 2 &&
      error.problems.every((problem) => /plan\.yaml:[12]: /.test(problem)),
  );
  assert.throws(
    () => loaded({ file: 'other.yaml' }, PLAN),
    /Cannot read the tracking plan .*other\.yaml: ENOENT/,
  );
  assert.throws(
    () => loaded({ file: 'plan.yaml', mode: 'ask' }, PLAN),
    /options\.plan\.mode: want warn or reject/,
  );
  assert.throws(() => loaded({ file: 'plan.yaml', moed: 'warn' }, PLAN), /unknown field options\.plan\.moed/);
});

const BODY = {
  app_id: '11',
  events: [
    { user_id: 1, event: 'Order', properties: { total: 1 } },
    { user_id: 1, event: 'Order', properties: { total: 'much' } },
  ],
};

test('what a plan refuses is a dead letter before it is answered, and a metric counts it', async () => {
  const server = createTestServer({ plans: loaded({ file: 'plan.yaml', mode: 'reject' }, PLAN) });
  const answer = await server.app.inject({ method: 'POST', url: '/api/track', payload: BODY });
  const [verdict] = answer.json().rejected;
  assert.deepEqual([answer.statusCode, verdict.index, verdict.code], [200, 1, 'plan_violation']);
  assert.equal(server.publisher.records.length, 1);
  const [letter] = server.letters.records.map(({ value }) => rejectedCodec.decode(value));
  assert.deepEqual(
    [letter?.stage, letter?.generation, letter?.code, letter?.kind, letter?.topic, letter?.message],
    ['collector', 0, 'plan_violation', 'event', '', verdict.message],
  );
  const metrics = await server.metrics.registry.metrics();
  assert.match(
    metrics,
    /cairn_collector_plan_violations_total\{environment="main_production",code="wrong_type",action="rejected"\} 1/,
  );
  server.letters.refusal = 'down';
  const refused = await server.app.inject({ method: 'POST', url: '/api/track', payload: BODY });
  assert.deepEqual([refused.statusCode, server.publisher.records.length], [503, 1]);
});
