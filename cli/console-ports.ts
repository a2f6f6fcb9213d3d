import { existsSync } from 'node:fs';
import type { ConsolePorts, DeadLetters, PipelineStatus } from '../console/ports.ts';
import type { Context } from './command.ts';
import { ADVICE, type Code } from './dead-letters/advice.ts';
import { type DeadLetter, placeText } from './dead-letters/letter.ts';
import { letterPartitions, readLetters } from './dead-letters/read-letters.ts';
import { DEFAULT_DIRECTORY, loadGoodDefinitions } from './definitions/load-definitions.ts';
import { openKafka } from './kafka-access.ts';
import { type LocatedStack, locateStack } from './locate-stack.ts';
import { readStackStatus, type StackStatus } from './stack-status.ts';

/** What the console asks of the command line's code. */
export function createConsolePorts(
  context: Context,
  { brokers, clickhouseUrl }: LocatedStack,
  definitionsDirectory: string | undefined,
): ConsolePorts {
  return {
    brokers,
    clickhouseUrl,
    // Located again each time: another generation may be live by now.
    async logTopic() {
      const { generation } = await locateStack(context, ['kafka', 'clickhouse']);
      const kafka = await openKafka(brokers);
      try {
        return await kafka.topicOf('events.collected', generation);
      } finally {
        await kafka.close();
      }
    },
    definitions() {
      const isThere = definitionsDirectory !== undefined || existsSync(DEFAULT_DIRECTORY);
      return isThere ? loadGoodDefinitions(definitionsDirectory ?? DEFAULT_DIRECTORY).events : [];
    },
    status: async () => statusOf(await readStackStatus(await locateStack(context, ['kafka', 'clickhouse']))),
    async deadLetters() {
      const kafka = await openKafka(brokers);
      try {
        const { letters } = await readLetters(kafka.reader, await letterPartitions(kafka.admin));
        return deadLettersOf(letters);
      } finally {
        await kafka.close();
      }
    },
  };
}

function statusOf({ kafka, clickhouse, ...status }: StackStatus): PipelineStatus {
  return {
    ready: status.ready,
    generation: status.generation,
    partitions: status.partitions,
    collectedPerSecond: status.collectedPerSecond,
    deadLetters: status.deadLetters,
    kafka: { ready: kafka.ready, address: kafka.brokers },
    clickhouse: { ready: clickhouse.ready, address: clickhouse.url },
    services: status.services.map(
      ({ name, generation, ready, reason, restarts, lag, oldestAgeMs, deadLetters, inputs }) => ({
        ...{ name, generation, ready, reason, restarts, lag, oldestAgeMs, deadLetters },
        inputs: inputs.map(({ kafkaTopic: topic, partition, committed, end, lag }) => ({
          ...{ topic, partition, committed, end, lag },
        })),
      }),
    ),
  };
}

/** Letters by stage and reason, the most frequent first; what was put back is not among them. */
export function deadLettersOf(all: readonly DeadLetter[]): DeadLetters {
  const open = all.filter(({ retried }) => retried === undefined);
  const groups = Map.groupBy(open, ({ stage, code }) => `${stage} ${code}`);
  const reasons = [...groups.values()].map((letters) => {
    const latest = letters.reduce((a, b) => (b.receivedAtMs >= a.receivedAtMs ? b : a));
    const times = letters.map(({ receivedAtMs }) => receivedAtMs);
    const advice = ADVICE[latest.code as Code] ?? { means: '', todo: '' };
    return {
      stage: latest.stage,
      code: latest.code,
      count: letters.length,
      firstAtMs: times.reduce((a, b) => Math.min(a, b)),
      lastAtMs: latest.receivedAtMs,
      example: { id: latest.id, message: latest.message, place: placeText(latest) },
      ...advice,
    };
  });
  return { total: open.length, reasons: reasons.sort((a, b) => b.count - a.count) };
}
