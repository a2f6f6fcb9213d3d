import { currentRevision } from '#lib/generations/log-revision.ts';
import { logInKafka } from '#schemas/topics.ts';
import { defineCommand, JSON_OPTION } from '../command.ts';
import { dropGeneration } from '../generations/drop-generation.ts';
import { type GenerationInfo, listGenerations } from '../generations/list-generations.ts';
import { requireLive, type Workplace, withWorkplace } from '../generations/open-workplace.ts';
import { switchGeneration } from '../generations/switch-generation.ts';
import { renderTable, thousands } from '../table.ts';
import { CommandError, UsageError } from '../usage-error.ts';

/** What the services of a generation catch up with in a few seconds. */
const MOST_LAG = 50_000;

export const generations = defineCommand({
  usage: '[switch N [--force] | drop N] [--json]',
  about: `Lists the generations there are: the live one, older ones that can be switched back to, and one that a replay
is building. switch N makes another one live, at once; only one that was live before or that a replay has
verified, unless --force. drop N removes one that is not live: its services stop where cairn up runs them,
and its topics, consumer groups and rows are gone for good. Its number is not used again.`,
  options: {
    force: { type: 'boolean', doc: 'switch to a generation that was not verified, or is behind' },
    ...JSON_OPTION,
  },
  maxArguments: 2,
  examples: [
    ['generations', 'which there are'],
    ['generations switch 1', 'back to the first one'],
    ['generations drop 1', 'remove it'],
  ],
  async run({ force, json }, [action, number, ...rest], context) {
    const say = (text: string) => context.stderr.write(`${text}\n`);
    const answer = (document: object, text: string) =>
      context.stdout.write(json ? `${JSON.stringify(document)}\n` : `${text}\n`);
    if (action === undefined) {
      return withWorkplace(context, async (place) => {
        const list = await listGenerations(place);
        answer({ generations: list }, render(list).trimEnd());
        return 0;
      });
    }
    if ((action !== 'switch' && action !== 'drop') || rest.length > 0) {
      throw new UsageError(`Unknown action ${JSON.stringify(action)}; actions are switch and drop`);
    }
    const generation = readNumber(number);
    return withWorkplace(context, async (place) => {
      if (action === 'switch') {
        const [live] = await requireLive(place.clickhouse);
        if (live.generation !== generation) {
          await requireSwitchable(place, generation, force);
          await switchGeneration(place, generation);
        }
        answer(
          { live: generation, before: live.generation },
          `Generation ${generation} is live. Services elsewhere than in cairn up are restarted with CAIRN_GENERATION=${generation}`,
        );
      } else {
        await dropGeneration(place, generation, say);
        answer({ dropped: generation }, `Generation ${generation} is gone`);
      }
      return 0;
    });
  },
});

function readNumber(text: string | undefined): number {
  const generation = Number(text);
  if (text === undefined || !Number.isInteger(generation) || generation < 1 || generation > 65_535) {
    throw new UsageError(`Want the number of a generation, current value is ${JSON.stringify(text ?? '')}`);
  }
  return generation;
}

async function requireSwitchable(place: Workplace, generation: number, force: boolean): Promise<void> {
  const known = await listGenerations(place);
  const wanted = known.find((one) => one.generation === generation);
  if (wanted === undefined || wanted.topics === 0) {
    throw new CommandError(
      `Cannot switch to generation ${generation}: there is none; there are ${known.map((one) => one.generation).join(', ')}`,
    );
  }
  await requireOpenLog(place, wanted);
  if (wanted.switchedAtMs === null && wanted.verifiedAtMs === null && !force) {
    throw new CommandError(
      `Cannot switch to generation ${generation}: no replay has found it equal to the live one; ` +
        'finish it with cairn replay, or switch with --force if its difference is meant',
    );
  }
  if (wanted.lag > MOST_LAG && !force) {
    throw new CommandError(
      `Cannot switch to generation ${generation}: it is ${thousands(wanted.lag)} records behind, which readers would miss until ` +
        'its services have caught up; bring it up to date with cairn replay, or switch with --force',
    );
  }
}

/** Readers may see a generation only where its log is the one that collectors write to. */
async function requireOpenLog(
  { log }: Workplace,
  { generation, logRevision }: GenerationInfo,
): Promise<void> {
  const current = currentRevision(await log.generations());
  if (logRevision < current) {
    throw new CommandError(
      `Cannot switch to generation ${generation}: it reads ${logInKafka(logRevision)}, which was sealed when the log was ` +
        `moved to ${logInKafka(current)}; what came since would be missing. Build a new one with cairn replay`,
    );
  }
  if (logRevision > current) {
    throw new CommandError(
      `Cannot switch to generation ${generation}: collectors do not write to ${logInKafka(logRevision)} yet, which it reads; ` +
        'finish it with cairn replay. Where its difference is meant, replay without --partitions first and switch to that',
    );
  }
}

function render(list: readonly GenerationInfo[]): string {
  const moment = (ms: number | null) => (ms === null ? '-' : new Date(ms).toISOString().slice(0, 19));
  return renderTable(
    [
      { title: 'generation', right: true },
      { title: 'state' },
      { title: 'events', right: true },
      { title: 'sessions', right: true },
      { title: 'bindings', right: true },
      { title: 'properties', right: true },
      { title: 'topics', right: true },
      { title: 'log', right: true },
      { title: 'partitions', right: true },
      { title: 'lag', right: true },
      { title: 'created' },
      { title: 'verified' },
      { title: 'live since' },
      { title: 'copied before' },
    ],
    list.map(
      ({
        generation,
        state,
        rows,
        topics,
        logRevision,
        partitions,
        lag,
        createdAtMs,
        verifiedAtMs,
        switchedAtMs,
        copiedBeforeMs,
      }) => [
        String(generation),
        state,
        thousands(rows['events'] ?? 0),
        thousands(rows['sessions'] ?? 0),
        thousands(rows['user_migrations'] ?? 0),
        thousands((rows['user_properties'] ?? 0) + (rows['account_properties'] ?? 0)),
        String(topics),
        String(logRevision),
        String(partitions),
        thousands(lag),
        moment(createdAtMs),
        moment(verifiedAtMs),
        moment(switchedAtMs),
        moment(copiedBeforeMs),
      ],
    ),
  );
}
