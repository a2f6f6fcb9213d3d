import { currentRevision, nextRevision } from '#lib/generations/log-revision.ts';
import { countPartitions, ensureTopics } from '#lib/kafka/ensure-topics.ts';
import { DERIVED_TOPICS, logInKafka, type TopicName } from '#schemas/topics.ts';
import type { Generation } from '#schemas/types.ts';
import { CommandError } from '../usage-error.ts';
import { copyRows } from './copy-rows.ts';
import { dropGeneration } from './drop-generation.ts';
import { isInForce } from './generation-log.ts';
import type { Workplace } from './open-workplace.ts';
import { nextNumber, unfinishedOf } from './unfinished.ts';

export type BuildOptions = {
  readonly live: number;
  readonly switched: readonly number[];
  /** Rows received before this are copied from the live generation; undefined = the whole log is replayed. */
  readonly fromMs: number | undefined;
  /** Partitions that the log is to have; undefined = as many as it has. */
  readonly partitions: number | undefined;
  /** Drop what an earlier replay has left unfinished. */
  readonly fresh: boolean;
  readonly timeoutMs: number;
  readonly progress: (text: string) => void;
};

/**
 * The generation to build: the one an earlier replay has left unfinished, else a new one. Its topics exist
 * afterwards, and what is to be copied is copied; its stages may be started.
 */
export async function startBuild(place: Workplace, options: BuildOptions): Promise<Generation> {
  const { switched, fresh, progress } = options;
  const { log, kafka, replicationFactor } = place;
  let known = await log.generations();
  if (fresh) {
    for (const { generation } of unfinishedOf(known, switched)) {
      progress(`Dropping generation ${generation}, which was not finished`);
      await dropGeneration(place, generation, progress);
    }
    known = await log.generations();
  }
  const [unfinished] = unfinishedOf(known, switched);
  const building =
    unfinished === undefined ? await begin(place, known, options) : goOn(unfinished, known, options);
  const partitions =
    building.log_partitions || (await countPartitions(kafka.admin, logInKafka(building.log_revision)));
  await ensureLetters(place, partitions);
  await ensureTopics(kafka.admin, {
    generation: building.generation,
    logRevision: building.log_revision,
    partitions,
    replicationFactor,
    names: ['events.collected', ...DERIVED_TOPICS],
    keepAll: true,
  });
  if (building.copied_before === 0 || building.copied_at !== 0) return building;
  await copyRows(place, building, options);
  return log.amend({ ...building, copied_at: Date.now() });
}

async function begin(
  { log, kafka }: Workplace,
  known: ReadonlyMap<number, Generation>,
  { live, switched, fromMs, partitions: wanted, progress }: BuildOptions,
): Promise<Generation> {
  const number = nextNumber(known, switched, await kafka.admin.listTopics());
  if (fromMs !== undefined) {
    const changed = (await log.blocks()).filter(
      (block) => isInForce(block, live) !== isInForce(block, number),
    );
    // Rows hold the user id their event was given, and only a fold of the log tells what it is to be now.
    if (changed.length > 0) {
      throw new CommandError(
        `Cannot replay from a time: ${changed.map(({ identity }) => JSON.stringify(identity)).join(', ')} ` +
          `${changed.length === 1 ? 'was' : 'were'} blocked or let go since generation ${live} was built, which concerns older rows too; ` +
          'replay without --from once',
      );
    }
  }
  const current = currentRevision(known);
  const partitions = await countPartitions(kafka.admin, logInKafka(current));
  if (wanted === partitions) {
    throw new CommandError(
      `Cannot move the log to ${wanted} partitions: it has as many. To build all of it again, replay without --partitions`,
    );
  }
  const opened = [...known.values()].find(({ log_revision }) => log_revision === current)?.log_opened_at ?? 0;
  const generation: Generation = {
    generation: number,
    created_at: Date.now(),
    copied_from: fromMs === undefined ? 0 : live,
    copied_before: fromMs ?? 0,
    copied_at: 0,
    verified_at: 0,
    dropped_at: 0,
    log_revision: wanted === undefined ? current : nextRevision(known),
    log_partitions: wanted ?? partitions,
    log_sealed_at: 0,
    log_opened_at: wanted === undefined ? opened : 0,
  };
  // Before anything else of it exists: the number is taken from now on.
  await log.writeGeneration(generation);
  const move = wanted === undefined ? '' : `, with the log in ${wanted} partitions instead of ${partitions}`;
  progress(`Building generation ${generation.generation} beside generation ${live}${move}`);
  return generation;
}

function goOn(
  unfinished: Generation,
  known: ReadonlyMap<number, Generation>,
  { live, fromMs, partitions, progress }: BuildOptions,
): Generation {
  const { generation, copied_before, copied_from, copied_at, log_revision, log_partitions } = unfinished;
  if (log_revision < currentRevision(known)) {
    throw new CommandError(
      `Cannot go on with generation ${generation}: it reads ${logInKafka(log_revision)}, which nobody writes to any more; ` +
        'begin another with --fresh',
    );
  }
  if (partitions !== undefined && partitions !== log_partitions) {
    throw new CommandError(
      `Cannot move the log to ${partitions} partitions: generation ${generation} is being built with ${log_partitions || 'those it has'}; ` +
        'go on with it without --partitions, or begin another with --fresh',
    );
  }
  if (fromMs !== undefined && fromMs !== copied_before) {
    const origin = copied_before === 0 ? 'the beginning' : new Date(copied_before).toISOString();
    throw new CommandError(
      `Cannot replay from ${new Date(fromMs).toISOString()}: generation ${generation} is being built from ${origin}; ` +
        'go on with it without --from, or begin another with --fresh',
    );
  }
  if (copied_before !== 0 && copied_at === 0 && copied_from !== live) {
    throw new CommandError(
      `Cannot go on with generation ${generation}: its rows were to be copied from generation ${copied_from}, ` +
        `and generation ${live} is live now; begin another with --fresh`,
    );
  }
  progress(`Going on with generation ${generation}, which an earlier replay began`);
  return unfinished;
}

/** A dead letter lies in the partition that its record was read from, so there are at least as many as in the log. */
async function ensureLetters({ kafka }: Workplace, partitions: number): Promise<void> {
  const topic: TopicName = 'events.rejected';
  if ((await countPartitions(kafka.admin, topic)) >= partitions) return;
  await kafka.admin.createPartitions({ topicPartitions: [{ topic, count: partitions }] });
}
