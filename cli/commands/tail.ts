import { PartitionReader } from '#lib/kafka/partition-reader.ts';
import { readRecord } from '#lib/kafka/readable-record.ts';
import { didYouMean } from '#lib/near-names.ts';
import { createLogger } from '#lib/service/logger.ts';
import { TOPIC_NAMES, type TopicName } from '#schemas/topics.ts';
import { defineCommand, JSON_OPTION } from '../command.ts';
import { openKafka } from '../kafka-access.ts';
import { locateStack } from '../locate-stack.ts';
import { recordLine } from '../record-text.ts';
import { UsageError } from '../usage-error.ts';

export const tail = defineCommand({
  usage: '[--topic TOPIC] [--from-beginning] [--limit N] [--json]',
  about: `Shows the records of a topic as they are committed, decoded. It reads without a consumer group, so nothing is
left behind. Topics: ${TOPIC_NAMES.join(', ')}; those of the running generation.`,
  options: {
    topic: { type: 'string', value: 'TOPIC', doc: 'topic to follow (events.collected)' },
    'from-beginning': { type: 'boolean', doc: 'show what is in the topic already, too' },
    limit: { type: 'string', value: 'N', doc: 'stop after so many records' },
    ...JSON_OPTION,
  },
  maxArguments: 0,
  handlesStop: true,
  examples: [
    ['tail', 'what comes in'],
    ['tail --topic events.sessionized --json', 'what goes to ClickHouse, a JSON document a line'],
    ['tail --topic events.rejected --from-beginning', 'every dead letter'],
  ],
  async run(values, _positionals, context) {
    const name = topicName(values.topic ?? 'events.collected');
    const limit = readLimit(values.limit);
    const { brokers, generation } = await locateStack(context, ['kafka']);
    const { topic, partitions } = await findTopic(brokers, name, generation);
    const stop = new AbortController();
    const signal = AbortSignal.any([stop.signal, context.signal]);
    let shown = 0;

    /** A connection each: a broker answers the requests of one connection one after another. */
    async function follow(partition: number): Promise<void> {
      const reader = await PartitionReader.open({
        brokers,
        clientId: 'cairn-tail',
        log: createLogger('cli', 'silent'),
      });
      try {
        const { start, end } = await reader.bounds(topic, partition);
        for await (const { messages } of reader.read({
          topic,
          partition,
          from: values['from-beginning'] ? start : end,
        })) {
          for (const message of messages) {
            if (signal.aborted) return;
            const record = readRecord(topic, partition, message);
            context.stdout.write(`${values.json ? JSON.stringify(record) : recordLine(record)}\n`);
            shown += 1;
            if (shown >= limit) stop.abort();
          }
          if (signal.aborted) return;
        }
      } finally {
        await reader.close();
      }
    }

    await Promise.all(partitions.map(follow));
    return 0;
  },
});

/** A topic of a generation in Kafka. */
async function findTopic(brokers: readonly string[], name: TopicName, generation: number) {
  const kafka = await openKafka(brokers);
  try {
    const topic = await kafka.topicOf(name, generation);
    return { topic, partitions: await kafka.reader.partitions(topic) };
  } finally {
    await kafka.close();
  }
}

function topicName(text: string): TopicName {
  const name = TOPIC_NAMES.find((candidate) => candidate === text);
  if (name === undefined) {
    throw new UsageError(
      `Unknown topic ${JSON.stringify(text)}${didYouMean(text, TOPIC_NAMES)}; topics are ${TOPIC_NAMES.join(', ')}`,
    );
  }
  return name;
}

function readLimit(text: string | undefined): number {
  if (text === undefined) return Number.POSITIVE_INFINITY;
  const limit = Number(text);
  if (!Number.isInteger(limit) || limit < 1) {
    throw new UsageError(
      `Cannot read --limit: want a whole number above 0, current value is ${JSON.stringify(text)}`,
    );
  }
  return limit;
}
