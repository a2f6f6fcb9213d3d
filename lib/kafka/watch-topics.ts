import type { Admin } from 'kafkajs';
import { ConfigError } from '#lib/errors.ts';
import { TOPIC_NAMES, TOPICS, topicInKafka } from '#schemas/topics.ts';

const LOOK_EVERY_MS = 2000;
/** Looks in a row that find a topic missing: a broker that has just started may not know all of them yet. */
const LOOKS = 2;

/**
 * Looks now and then whether the topics of a generation are still there, and calls `gone` once with a ConfigError
 * where one was deleted: clients of Kafka wait for a missing topic without end and without a word. A broker that
 * does not answer says nothing about topics. Returns how to stop.
 */
export function watchTopics(
  admin: Admin,
  { generation, logRevision }: { generation: number; logRevision: number },
  gone: (error: ConfigError) => void,
): () => void {
  const wanted = TOPIC_NAMES.map((name) => ({ name, topic: topicInKafka(name, generation, logRevision) }));
  let isBusy = false;
  let misses = 0;

  async function look(): Promise<void> {
    const existing = new Set(await admin.listTopics());
    const missing = wanted.filter(({ topic }) => !existing.has(topic));
    misses = missing.length === 0 ? 0 : misses + 1;
    if (misses < LOOKS) return;
    clearInterval(timer);
    gone(new ConfigError(missing.map(({ name, topic }) => describe(topic, TOPICS[name].derived))));
  }

  const timer = setInterval(() => {
    if (isBusy) return;
    isBusy = true;
    look()
      .catch(() => undefined)
      .finally(() => {
        isBusy = false;
      });
  }, LOOK_EVERY_MS);
  return () => clearInterval(timer);
}

function describe(topic: string, isDerived: boolean): string {
  const mend = isDerived
    ? 'Build a new generation from the log: cairn replay'
    : 'It cannot be made again from other topics: restore it from a copy';
  return `Cannot go on: topic ${topic} was deleted while the service ran. ${mend}`;
}
