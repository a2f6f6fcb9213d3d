import { TOPICS } from '#schemas/topics.ts';
import { type DeadLetter, isOfCollector, placeText, topicNameOf } from './letter.ts';

export type Filter = {
  readonly stage: string | undefined;
  readonly code: string | undefined;
  /** Topic as in the catalogue or as in Kafka. */
  readonly topic: string | undefined;
};

export function matches(letter: DeadLetter, { stage, code, topic }: Filter): boolean {
  return (
    (stage === undefined || letter.stage === stage) &&
    (code === undefined || letter.code === code) &&
    (topic === undefined || letter.topic === topic || topicNameOf(letter.topic) === topic)
  );
}

export type Choice = {
  /** The letter to put back: the live generation's, where an older one was named. */
  readonly letter: DeadLetter;
  /** Why it cannot be, or need not be; empty where it can. */
  readonly reason: string;
  /** True where there is nothing to do, rather than something in the way. */
  readonly isDone: boolean;
};

/** The live generation, and the name in Kafka of the log that it reads. */
export type Live = { readonly generation: number; readonly log: string };

/**
 * What can be put back of a letter while a generation is live. Every generation reads the log itself: a record that
 * an older one refused has either been taken by the live one or has a letter of its own there, and that one counts.
 */
export function choose(
  named: DeadLetter,
  all: readonly DeadLetter[],
  { generation: live, log }: Live,
): Choice {
  const name = topicNameOf(named.topic);
  const refuse = (letter: DeadLetter, reason: string) => ({ letter, reason, isDone: false });
  const done = (letter: DeadLetter, reason: string) => ({ letter, reason, isDone: true });
  if (isOfCollector(named)) {
    return refuse(
      named,
      'it was never in the log, and its sender knows: mend the sender or the tracking plan, and have it sent again',
    );
  }
  if (name === undefined) return refuse(named, `${named.topic} is no topic of Cairn's`);
  let letter = named;
  if (named.generation !== live) {
    if (TOPICS[name].derived || named.topic !== log) {
      return refuse(
        named,
        `it is of generation ${named.generation}, and ${live} is live: nobody reads ${named.topic} any more. ` +
          `Generation ${live} has read the log itself; what it refused has letters of its own`,
      );
    }
    const own = all.find(
      ({ generation, topic, partition, offset }) =>
        generation === live &&
        topic === named.topic &&
        partition === named.partition &&
        offset === named.offset,
    );
    if (own === undefined)
      return done(named, `generation ${live}, which is live, has taken ${placeText(named)}`);
    letter = own;
  }
  if (letter.retried !== undefined) return done(letter, `it was put back as ${letter.retried.as}`);
  if (letter.code === 'too_large') return refuse(letter, 'it holds only the beginning of the record');
  if (name === 'sessions') {
    return refuse(
      letter,
      'the topic is state of the sessionizer, which may hold a newer row of the session by now. The next event of the ' +
        'session writes the whole row again; cairn replay writes all of them',
    );
  }
  return { letter, reason: '', isDone: false };
}
