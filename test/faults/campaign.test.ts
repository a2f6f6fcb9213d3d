/**
 * The fault campaign, in short: each named point of the protocols once, then a few rounds of random faults. The long
 * one is npm run test:soak.
 */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Campaign } from './campaign/campaign.ts';
import { describePoint, strike } from './campaign/fault-point.ts';
import { namedSteps, type Strike } from './campaign/named-points.ts';
import { SERVICES } from './campaign/service-instance.ts';

/** How long the slowest service may take to come to a point: it may have to be let into its group first. */
const POINT_WITHIN_MS = 30_000;
const SEED = '7';

let campaign: Campaign;
const said: string[] = [];

before(async () => {
  campaign = await Campaign.start({ progress: (text) => said.push(text) });
});

after(async () => {
  await campaign?.stop();
});

/** The blows of a step, at the same time, each at the oldest instance of its service. */
async function strikeAll(strikes: readonly Strike[]): Promise<void> {
  const signal = AbortSignal.timeout(POINT_WITHIN_MS);
  await Promise.all(
    strikes.map(async ({ point, blow }) => {
      said.push(describePoint(point, blow));
      const [instance] = campaign.stack.instances(point.service);
      assert.ok(instance !== undefined);
      try {
        await strike(campaign.stack, instance, point, blow, { signal });
      } catch (cause) {
        throw new Error(`Cannot ${describePoint(point, blow)}: the point was not come to`, { cause });
      }
    }),
  );
}

test('nothing is lost, doubled or wrong after a fault at each named point of the protocols', async () => {
  const { problems, acknowledged } = await campaign.playRound('named points', async () => {
    for (const step of namedSteps()) {
      // Whoever stands still needs somebody who goes on.
      for (const { point, blow } of step) {
        const isAlone = campaign.stack.instances(point.service).length < 2;
        if (blow === 'zombie' && isAlone) await campaign.stack.add(point.service);
      }
      await strikeAll(step);
      await campaign.stack.untilReady();
    }
  });
  assert.deepEqual(problems, [], said.join('\n'));
  assert.ok(acknowledged > 1000);
  assert.equal(campaign.stack.instances().length, SERVICES.length);
});

test(`nothing is lost, doubled or wrong after the random faults of seed ${SEED}`, async () => {
  const { problems } = await campaign.playSeed(SEED);
  assert.deepEqual(problems, [], said.join('\n'));
});
