import { setTimeout as pause } from 'node:timers/promises';
import type { Admin } from 'kafkajs';
import { ConfigError } from '#lib/errors.ts';
import { TOPICS, topicInKafka } from '#schemas/topics.ts';
import type { TaskContext } from './task.ts';

const ATTEMPTS = 8;
const RETRY_MS = 500;

/**
 * What a stage's group has committed for a partition of its input; undefined where the stage has never processed it.
 *
 * No committed offset alone does not say so: a broker forgets offsets (`offsets.retention.minutes`), and people delete
 * groups. Throws ConfigError where there is a trace of earlier work, as from the beginning all of it would be done
 * twice. It asks for a while: the former owner may have committed for the first time just now.
 */
export async function committedOffset<State>(
  context: TaskContext<State>,
  admin: Admin,
  partition: number,
): Promise<{ offset: bigint; metadata: string | null } | undefined> {
  const { groupId, topic, log } = context;
  for (let attempt = 1; ; attempt += 1) {
    const [offsets] = await admin.fetchOffsets({ groupId, topics: [topic] });
    const committed = offsets?.partitions.find((entry) => entry.partition === partition);
    if (committed !== undefined && committed.offset !== '-1')
      return { offset: BigInt(committed.offset), metadata: committed.metadata };
    const trace = await traceOfWork(context, partition);
    if (trace === '') return undefined;
    if (attempt === ATTEMPTS) {
      throw new ConfigError([
        `Cannot start ${topic}-${partition} from its beginning: group ${groupId} has no committed offset for it, but ${trace}. ` +
          'The offset was deleted, or the broker let it expire (offsets.retention.minutes), and what was counted would be ' +
          'counted twice. Build a new generation by replay, or put the offset back with its metadata',
      ]);
    }
    log.debug({ topic, partition, trace }, 'no committed offset, asking again');
    await pause(RETRY_MS);
  }
}

/**
 * What says that a partition was processed before; empty where nothing does. A first start that died before its first
 * commit leaves records too, aborted ones: only what readers may see counts.
 */
async function traceOfWork<State>(
  { processor, reader, topic, generation }: TaskContext<State>,
  partition: number,
): Promise<string> {
  if (TOPICS[processor.input].derived) {
    const { start } = await reader.bounds(topic, partition);
    if (start > 0n) return `the topic starts at ${start}, so its first records were deleted`;
  }
  for (const name of processor.outputs) {
    const output = topicInKafka(name, generation);
    const { start: from, end: to } = await reader.bounds(output, partition);
    if (from > 0n) return `${output}-${partition} starts at ${from}, so it had records`;
    for await (const { messages } of reader.read({ topic: output, partition, from, to })) {
      if (messages.length > 0) return `${output}-${partition} holds records of it`;
    }
  }
  return '';
}
