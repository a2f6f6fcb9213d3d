import { createKafka } from '#lib/kafka/client.ts';
import { didYouMean } from '#lib/near-names.ts';
import { createLogger } from '#lib/service/logger.ts';
import { type Context, defineCommand, JSON_OPTION } from '../command.ts';
import { type DeadLetter, isOfCollector } from '../dead-letters/letter.ts';
import {
  letterPartitions,
  readLetters,
  type WholeLetter,
  wholeLetters,
} from '../dead-letters/read-letters.ts';
import {
  letterJson,
  renderLetter,
  renderList,
  summaryOf,
  wholeLetterJson,
} from '../dead-letters/render-letters.ts';
import { retryLetters } from '../dead-letters/retry-letters.ts';
import { choose, type Filter, matches } from '../dead-letters/select-letters.ts';
import { type KafkaAccess, openKafka } from '../kafka-access.ts';
import { locateStack } from '../locate-stack.ts';
import { CommandError, UsageError } from '../usage-error.ts';

const ACTIONS = ['list', 'show', 'retry'] as const;
const DEFAULT_LIMIT = 50;
const MOST_IDS = 10_000;

type Stack = {
  readonly kafka: KafkaAccess;
  readonly brokers: readonly string[];
  /** The live generation. */
  readonly generation: number;
  readonly letters: readonly DeadLetter[];
  readonly unreadable: number;
};

type Wishes = Filter & {
  readonly all: boolean;
  readonly limit: number;
  readonly dryRun: boolean;
  readonly json: boolean;
};

export const deadLetters = defineCommand({
  usage:
    'list|show ID|retry ID... [--stage S] [--code C] [--topic T] [--all] [--limit N] [--dry-run] [--json]',
  about: `What a stage could not use, whole, with the reason and the record of the log it comes from.
list shows those of the live generation that were not put back, newest first, and how many there are by stage
and code; --all shows the others too. show tells everything of one, and what to do about it. retry puts
letters back into the topic they were read from, after a fix: some by their ids, all that a stage refused for
a reason, or --all. A letter is put back once, however often this runs; what is refused again becomes a new
letter that names the first.`,
  options: {
    stage: { type: 'string', value: 'STAGE', doc: 'letters of this stage' },
    code: { type: 'string', value: 'CODE', doc: 'letters with this code' },
    topic: { type: 'string', value: 'TOPIC', doc: 'letters of records read from this topic' },
    all: { type: 'boolean', doc: 'list: also what was put back and other generations; retry: every letter' },
    limit: { type: 'string', value: 'N', doc: `letters that list shows (${DEFAULT_LIMIT})` },
    'dry-run': { type: 'boolean', doc: 'retry: say what would be put back, and do nothing' },
    ...JSON_OPTION,
  },
  maxArguments: MOST_IDS,
  examples: [
    ['dead-letters list', 'what was rejected, and why'],
    ['dead-letters show 2:17', 'one of them, decoded, and what to do'],
    ['dead-letters retry 2:17 2:18', 'put two back'],
    ['dead-letters retry --stage loader --code refused_by_clickhouse --dry-run', 'what a retry would do'],
  ],
  async run(values, [action, ...ids], context) {
    const wishes: Wishes = {
      stage: values.stage,
      code: values.code,
      topic: values.topic,
      all: values.all,
      limit: readLimit(values.limit),
      dryRun: values['dry-run'],
      json: values.json,
    };
    checkUse(action, ids, wishes);
    const { brokers, generation } = await locateStack(context, ['kafka']);
    const kafka = await openKafka(brokers);
    try {
      const partitions = await letterPartitions(kafka.admin);
      const stack: Stack = { kafka, brokers, generation, ...(await readLetters(kafka.reader, partitions)) };
      if (action === 'list') return list(stack, wishes, context);
      if (action === 'show') return await show(stack, ids[0] as string, wishes, context);
      return await retry(stack, ids, wishes, context);
    } finally {
      await kafka.close();
    }
  },
});

function checkUse(action: string | undefined, ids: readonly string[], wishes: Wishes): void {
  if (action === undefined) throw new UsageError('An action is missing: list, show or retry');
  if (!ACTIONS.some((known) => known === action))
    throw new UsageError(
      `Unknown action ${JSON.stringify(action)}${didYouMean(action, ACTIONS)}: want list, show or retry`,
    );
  const wrong = ids.find((id) => !/^\d+:\d+$/.test(id));
  if (wrong !== undefined)
    throw new UsageError(`Cannot read the id ${JSON.stringify(wrong)}: want partition:offset, such as 2:17`);
  const { stage, code, topic, all } = wishes;
  const isFiltered = stage !== undefined || code !== undefined || topic !== undefined;
  if (action === 'list' && ids.length > 0) throw new UsageError('list takes no ids: give them to show');
  if (action === 'show' && ids.length !== 1) throw new UsageError('show takes one id, such as 2:17');
  if (action === 'retry') {
    if (ids.length > 0 && (isFiltered || all)) throw new UsageError('Give ids, or filters, not both');
    if (ids.length === 0 && !isFiltered && !all)
      throw new UsageError('Say which letters: ids, --stage, --code or --topic, or --all');
  }
}

function readLimit(text: string | undefined): number {
  const limit = text === undefined ? DEFAULT_LIMIT : Number(text);
  if (!Number.isInteger(limit) || limit < 1)
    throw new UsageError(
      `Cannot read --limit: want a whole number above 0, current value is ${JSON.stringify(text)}`,
    );
  return limit;
}

function list(
  { letters, generation, unreadable }: Stack,
  wishes: Wishes,
  { stdout, stderr }: Context,
): number {
  const isOpen = (letter: DeadLetter) =>
    letter.retried === undefined && (letter.generation === generation || isOfCollector(letter));
  const all = letters
    .filter((letter) => matches(letter, wishes) && (wishes.all || isOpen(letter)))
    .toSorted((a, b) => b.receivedAtMs - a.receivedAtMs || b.offset - a.offset);
  const shown = all.slice(0, wishes.limit);
  const answer = { total: all.length, summary: summaryOf(all), letters: shown.map(letterJson), unreadable };
  stdout.write(wishes.json ? `${JSON.stringify(answer)}\n` : renderList(shown, all));
  if (unreadable > 0) stderr.write(`${unreadable} records of events.rejected are no dead letters\n`);
  return 0;
}

async function show(
  { kafka, letters }: Stack,
  id: string,
  { json }: Wishes,
  { stdout }: Context,
): Promise<number> {
  const known = find(letters, id);
  const [partition] = id.split(':');
  let whole: WholeLetter | undefined;
  for await (const letter of wholeLetters(kafka.reader, Number(partition), new Set([id]))) whole = letter;
  if (whole === undefined) throw new CommandError(`Cannot show ${id}: it is gone`);
  const letter = { ...whole, ...known };
  const others = letters.filter(
    (other) =>
      other.id !== id &&
      other.origin.partition === known.origin.partition &&
      other.origin.offset === known.origin.offset,
  );
  stdout.write(json ? `${JSON.stringify(wholeLetterJson(letter))}\n` : renderLetter(letter, others));
  return 0;
}

async function retry(
  stack: Stack,
  ids: readonly string[],
  wishes: Wishes,
  { stdout }: Context,
): Promise<number> {
  const { kafka, brokers, letters, generation } = stack;
  const log = await kafka.topicOf('events.collected', generation);
  const named =
    ids.length > 0
      ? [...new Set(ids)].map((id) => find(letters, id))
      : letters.filter(
          (letter) =>
            letter.retried === undefined && letter.generation === generation && matches(letter, wishes),
        );
  const choices = named.map((letter) => choose(letter, letters, { generation, log }));
  const wanted = [...new Set(choices.filter(({ reason }) => reason === '').map(({ letter }) => letter))];
  const refused = choices.filter(({ reason }) => reason !== '');
  const result = wishes.dryRun
    ? { retried: wanted.map((letter) => ({ letter, as: '' })), passed: [] }
    : await retryLetters(
        createKafka({ clientId: 'cairn-cli', brokers, log: createLogger('cli', 'silent') }),
        kafka,
        wanted,
      );
  const passed = [...refused, ...result.passed];
  const answer = {
    dryRun: wishes.dryRun,
    retried: result.retried.map(({ letter, as }) => ({ id: letter.id, as: as || null })),
    passed: passed.map(({ letter, reason }) => ({ id: letter.id, reason })),
  };
  stdout.write(wishes.json ? `${JSON.stringify(answer)}\n` : renderRetry(answer));
  // A letter that was asked for by its id and could not be put back is a failure; one that needs it no more is not.
  return ids.length > 0 && refused.some(({ isDone }) => !isDone) ? 1 : 0;
}

function renderRetry(answer: {
  dryRun: boolean;
  retried: readonly { id: string; as: string | null }[];
  passed: readonly { id: string; reason: string }[];
}): string {
  const lines = [
    ...answer.retried.map(({ id, as }) =>
      as === null ? `${id} would be put back` : `${id} put back as ${as}`,
    ),
    ...answer.passed.map(({ id, reason }) => `${id} not put back: ${reason}`),
    `${answer.retried.length} ${answer.dryRun ? 'would be ' : ''}put back, ${answer.passed.length} not`,
  ];
  return `${lines.join('\n')}\n`;
}

/** The letter with an id. Throws CommandError where there is none. */
function find(letters: readonly DeadLetter[], id: string): DeadLetter {
  const letter = letters.find((one) => one.id === id);
  if (letter === undefined)
    throw new CommandError(`There is no dead letter ${id}: cairn dead-letters list --all shows all`);
  return letter;
}
