import { currentRevision, revisionOf } from '#lib/generations/log-revision.ts';
import { FIRST_REVISION, logInKafka } from '#schemas/topics.ts';
import type { Generation } from '#schemas/types.ts';
import { FIRST_GENERATION } from '../generations/live-generation.ts';
import type { Workplace } from '../generations/open-workplace.ts';
import { CommandError } from '../usage-error.ts';
import { copyGroup } from './log-copy.ts';
import { unsealLog } from './seal-log.ts';

type Known = ReadonlyMap<number, Generation>;

/** Generations that are not dropped and read a revision; the live one may not be written down. */
function readersOf(known: Known, revision: number, live: number): number[] {
  return [...new Set([...known.keys(), live])].filter(
    (generation) =>
      revisionOf(known, generation) === revision && (known.get(generation)?.dropped_at ?? 0) === 0,
  );
}

/** Throws CommandError where a generation is the only one to read what collectors write. */
export function requireAnotherReader(known: Known, generation: number, live: number): void {
  const revision = revisionOf(known, generation);
  if (revision !== currentRevision(known)) return;
  if (readersOf(known, revision, live).some((other) => other !== generation)) return;
  throw new CommandError(
    `Cannot drop generation ${generation}: collectors write to ${logInKafka(revision)}, and no other generation reads it; ` +
      'finish it with cairn replay',
  );
}

/** Has collectors go on with the log they have: the next revision was not opened and will not be. */
export async function giveUpMove(
  { kafka }: Workplace,
  known: Known,
  generation: number,
  progress: (text: string) => void,
): Promise<void> {
  if ((known.get(generation)?.log_sealed_at ?? 0) === 0) return;
  const topic = logInKafka(currentRevision(known));
  await unsealLog(kafka.admin, topic);
  progress(`${topic} takes records again`);
}

/** Deletes the copy of the log that an unfinished move has made: the old revision holds all of it. */
export async function deleteCopy({ kafka }: Workplace, revision: number): Promise<void> {
  const topic = logInKafka(revision);
  const group = copyGroup(revision);
  const { groups } = await kafka.admin.listGroups();
  if (groups.some(({ groupId }) => groupId === group)) await kafka.admin.deleteGroups([group]);
  if ((await kafka.admin.listTopics()).includes(topic)) await kafka.admin.deleteTopics({ topics: [topic] });
}

/** Says so where nothing reads an older revision of the log any more: it is kept, as it was the truth. */
export function tellOfOldLog(known: Known, generation: number, progress: (text: string) => void): void {
  const revision = revisionOf(known, generation);
  if (revision >= currentRevision(known)) return;
  const others = [...known.values()].filter(
    (other) => other.generation !== generation && other.dropped_at === 0 && other.log_revision === revision,
  );
  // The first generation is written down only when it is dropped.
  const isFirstThere = !known.has(FIRST_GENERATION) && generation !== FIRST_GENERATION;
  if (others.length > 0 || (revision === FIRST_REVISION && isFirstThere)) return;
  progress(
    `No generation reads ${logInKafka(revision)} any more. It is kept, sealed, as a copy of what it was; ` +
      'delete the topic with the tools of Kafka to have its space back',
  );
}
