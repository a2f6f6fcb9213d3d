/**
 * npm run test:soak: rounds of faults drawn from a seed, against a whole stack with clients that send and retry.
 * After each round nothing may be lost, counted twice or wrong.
 */

import { parseArgs } from 'node:util';
import { Campaign } from './campaign/campaign.ts';

const USAGE = `Usage: npm run test:soak -- [--seed S] [--rounds N] [--minutes M]

  --seed S      rounds are drawn from S, S+1 and so on (a number; default: the time)
  --rounds N    rounds to play (10)
  --minutes M   begin no round after this time
`;

let values: { seed?: string; rounds?: string; minutes?: string };
try {
  ({ values } = parseArgs({
    options: { seed: { type: 'string' }, rounds: { type: 'string' }, minutes: { type: 'string' } },
  }));
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n${USAGE}`);
  process.exit(2);
}
const firstSeed = Number(values.seed ?? Math.floor(Date.now() / 1000));
const minutes = values.minutes === undefined ? Number.POSITIVE_INFINITY : Number(values.minutes);
const rounds =
  values.rounds === undefined ? (values.minutes === undefined ? 10 : Infinity) : Number(values.rounds);
if (!Number.isInteger(firstSeed) || !(rounds > 0) || !(minutes > 0)) {
  process.stderr.write(`Cannot read the options: --seed, --rounds and --minutes are numbers\n${USAGE}`);
  process.exit(2);
}

const say = (text: string) => process.stdout.write(`${text}\n`);
const startedMs = performance.now();
const deadlineMs = startedMs + minutes * 60_000;
let stopping = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    stopping = true;
    say('stopping after this round');
  });
}

const campaign = await Campaign.start({ progress: (text) => say(`  ${text}`) });
const failed: string[] = [];
let played = 0;
try {
  for (; played < rounds && performance.now() < deadlineMs && !stopping; played += 1) {
    const seed = String(firstSeed + played);
    say(`round ${played + 1}, seed ${seed}`);
    const roundMs = performance.now();
    const { problems, acknowledged, uncertain } = await campaign.playSeed(seed);
    const seconds = ((performance.now() - roundMs) / 1000).toFixed(0);
    if (problems.length === 0) {
      say(`  ok in ${seconds} s; so far ${acknowledged} events acknowledged, ${uncertain} without an answer`);
      continue;
    }
    failed.push(seed);
    say(`  FAILED in ${seconds} s:\n${problems.map((problem) => `    ${problem}`).join('\n')}`);
    say(`  again: npm run test:soak -- --seed ${seed} --rounds 1; logs of the services: ${campaign.logs}`);
    // What is wrong stays wrong: later rounds would be judged by it.
    break;
  }
} finally {
  await campaign.stop();
}
const minutesPlayed = ((performance.now() - startedMs) / 60_000).toFixed(1);
say(
  `${played} rounds passed in ${minutesPlayed} minutes, ${failed.length} failed${failed.map((seed) => ` (seed ${seed})`).join('')}`,
);
process.exitCode = failed.length === 0 ? 0 : 1;
