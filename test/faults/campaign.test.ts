/**
 * The fault campaign, in short: each named point of the protocols once, then a few rounds of random faults. The long
 * one is npm run test:soak.
 */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Campaign } from './campaign/campaign.ts';
import { describePoint, strike } from './campaign/fault-point.ts';
import { namedSteps, type Series } from './campaign/named-points.ts';
import { SERVICES } from './campaign/service-instance.ts';

/** How long the slowest service may take to come to a point: it may have to be let into its group first. */
const POINT_WITHIN_MS = 60_000;
const SEED = '7';

let campaign: Campaign;
const said: string[] = [];

before(async () => {
  campaign = await Campaign.start({ progress: (text) => said.push(text) });
});

after(async () => {
  await campaign?.stop();
});

/** The strikes at one service, one after another, each at its oldest instance. */
async function strikeAll(strikes: Series): Promise<void> {
  for (const { point, blow } of strikes) {
    // Whoever stands still needs somebody who goes on.
    if (blow === 'zombie' && campaign.stack.instances(point.service).length < 2)
      await campaign.stack.add(point.service);
    said.push(describePoint(point, blow));
    const [instance] = campaign.stack.instances(point.service);
    assert.ok(instance !== undefined);
    const signal = AbortSignal.timeout(POINT_WITHIN_MS);
    try {
      await strike(campaign.stack, instance, point, blow, { signal });
    } catch (cause) {
      throw new Error(`Cannot ${describePoint(point, blow)}: the point was not come to`, { cause });
    }
  }
}

test('nothing is lost, doubled or wrong after a fault at each named point of the protocols', async () => {
  const { problems, acknowledged } = await campaign.playRound('named points', async () => {
    for (const step of namedSteps()) await Promise.all(step.map(strikeAll));
  });
  assert.deepEqual(problems, [], said.join('\n'));
  assert.ok(acknowledged > 1000);
  assert.equal(campaign.stack.instances().length, SERVICES.length);
});

test(`nothing is lost, doubled or wrong after the random faults of seed ${SEED}`, async () => {
  const { problems } = await campaign.playSeed(SEED);
  assert.deepEqual(problems, [], said.join('\n'));
});
