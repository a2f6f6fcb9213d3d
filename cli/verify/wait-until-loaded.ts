import { setTimeout as pause } from 'node:timers/promises';
import type { TopicName } from '#schemas/topics.ts';
import type { KafkaAccess } from '../kafka-access.ts';
import { type Commit, commitsOf, unreadOf } from '../progress-of-stages.ts';
import { STAGE_INPUTS, type StageInput } from '../stage-inputs.ts';
import { thousands } from '../table.ts';
import { CommandError } from '../usage-error.ts';

const POLL_MS = 200;

/** Inputs in the order they are waited for: what a wave's stages publish is in the topics of later waves. */
const WAVES: readonly (readonly TopicName[])[] = [
  ['events.collected'],
  ['events.identified', 'profile.changes', 'identity.migrations'],
  ['events.sessionized', 'sessions'],
];

export type WaitOptions = {
  readonly kafka: KafkaAccess;
  readonly generation: number;
  readonly timeoutMs: number;
  readonly progress: (text: string) => void;
};

export type Loaded = {
  /**
   * The merger's commits: for each partition an offset at or beyond the log's end as it was, with the counters
   * at exactly that offset.
   */
  readonly cut: ReadonlyMap<number, Commit>;
  /** Ends of the stages' inputs up to which everything is loaded, by partition. */
  readonly ends: ReadonlyMap<TopicName, ReadonlyMap<number, bigint>>;
};

/** Waits until everything that is in the log now has been loaded. Throws CommandError when it takes too long. */
export async function waitUntilLoaded(options: WaitOptions): Promise<Loaded> {
  const { kafka, generation, timeoutMs } = options;
  const deadline = performance.now() + timeoutMs;
  let cut = new Map<number, Commit>();
  const ends = new Map<TopicName, Map<number, bigint>>();
  for (const wave of WAVES) {
    const inputs = STAGE_INPUTS.filter(({ topic }) => wave.includes(topic));
    for (const { topic } of inputs)
      ends.set(topic, await endsOf(kafka, await kafka.topicOf(topic, generation)));
    for (const input of inputs) {
      const commits = await waitForStage(options, input, ends.get(input.topic) ?? new Map(), deadline);
      if (input.topic === 'events.collected') cut = commits;
    }
  }
  return { cut, ends };
}

/**
 * High watermarks, not last stable offsets: a stage's offsets may be visible a moment before the outputs of the
 * same transaction are, and those must be waited for.
 */
async function endsOf({ admin }: KafkaAccess, topic: string): Promise<Map<number, bigint>> {
  try {
    const partitions = await admin.fetchTopicOffsets(topic);
    return new Map(partitions.map(({ partition, high }) => [partition, BigInt(high)]));
  } catch (cause) {
    throw new CommandError(`Cannot verify: topic ${topic} cannot be read: ${(cause as Error).message}`, {
      cause,
    });
  }
}

async function waitForStage(
  { kafka, generation, timeoutMs, progress }: WaitOptions,
  input: StageInput,
  ends: ReadonlyMap<number, bigint>,
  deadline: number,
): Promise<Map<number, Commit>> {
  const topic = await kafka.topicOf(input.topic, generation);
  let said = '';
  for (;;) {
    const commits = await commitsOf(kafka, input, generation);
    const behind = await Promise.all(
      [...ends].map(async ([partition, end]) => {
        const committed = commits.get(partition)?.offset ?? -1n;
        if (committed >= end || end === 0n) return 0;
        const { start } = await kafka.reader.bounds(topic, partition);
        const from = committed > start ? committed : start;
        return (await unreadOf(kafka.reader, topic, partition, from, end)).lag;
      }),
    );
    const records = behind.reduce((sum, lag) => sum + lag, 0);
    if (records === 0) return commits;
    const text = `${input.service} is ${thousands(records)} records behind in ${input.topic}`;
    if (performance.now() >= deadline) {
      throw new CommandError(`Not loaded within ${timeoutMs / 1000} s: ${text}`);
    }
    if (text !== said) progress(`Waiting: ${text}`);
    said = text;
    await pause(POLL_MS);
  }
}
