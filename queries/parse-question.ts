import type { Environment } from '#lib/config/environments.ts';
import { didYouMean } from '#lib/near-names.ts';
import type { QuestionScope } from './question-scope.ts';
import type { Question } from './questions.ts';
import { Place, type Problem, shown } from './written/place.ts';
import { cohortOf, readCohort } from './written/read-cohort.ts';
import type { Definitions } from './written/read-event.ts';
import { FUNNEL_KEYS, longWindow, PATHS_KEYS, readFunnel, readPaths } from './written/read-funnel.ts';
import { readRange } from './written/read-range.ts';
import {
  ACCOUNTS_KEYS,
  RETENTION_KEYS,
  readAccounts,
  readRetention,
  readSessions,
  readTrend,
  SESSIONS_KEYS,
  TREND_KEYS,
} from './written/read-usage.ts';
import { orList, type Read, readAnyText, readText, readWhole } from './written/read-value.ts';
import { WrittenObject } from './written/written-object.ts';

/** What a written question is read with. */
export type QuestionReading = {
  /** Epoch ms that `-30d` and `now` count from. */
  readonly nowMs: number;
  /** Those a question may be about; one that names none is about the only one. */
  readonly environments: readonly Pick<Environment, 'number' | 'name' | 'options'>[];
  readonly definitions?: Definitions;
};

export type ParsedQuestion =
  | {
      readonly question: Question;
      /** What the file calls it. */
      readonly title: string | undefined;
      readonly description: string | undefined;
      /** What can be asked, and is likely not meant. */
      readonly warnings: readonly Problem[];
      readonly problems?: never;
    }
  | { readonly problems: readonly Problem[]; readonly question?: never };

/** Keys of every question. */
const COMMON_KEYS = ['ask', 'title', 'description', 'environment', 'from', 'to', 'among'];

/** Keys of a question by what it asks. */
export const QUESTION_KEYS: Readonly<Record<Question['ask'], readonly string[]>> = {
  funnel: FUNNEL_KEYS,
  retention: RETENTION_KEYS,
  paths: PATHS_KEYS,
  cohort: ['hold', 'rules', 'list'],
  trend: TREND_KEYS,
  sessions: SESSIONS_KEYS,
  accounts: ACCOUNTS_KEYS,
};

const KINDS = Object.keys(QUESTION_KEYS) as Question['ask'][];

/**
 * Characters of a question, as JSON. ClickHouse takes parameters of up to 128 KiB (`http_max_field_value_size`, which only the server's
 * configuration can raise), and one of them may hold most of a question, four bytes a character with what is escaped.
 */
export const LONGEST_QUESTION = 30_000;
const MOST_LISTED = 10_000;

/**
 * Reads the written form of a question (docs/QUESTIONS.md): a value as JSON.parse or a YAML parser gives it. All problems are found
 * at once.
 */
export function parseQuestion(value: unknown, reading: QuestionReading): ParsedQuestion {
  const problems: Problem[] = [];
  const warnings: Problem[] = [];
  const place = new Place('', problems);
  const length = JSON.stringify(value)?.length ?? 0;
  if (length > LONGEST_QUESTION) {
    place.refuse(
      `want a question of at most ${LONGEST_QUESTION} characters as JSON, current number is ${length}`,
    );
    return { problems };
  }
  const ask = kindOf(value, place);
  if (ask === undefined) return { problems };
  const keys = [...COMMON_KEYS, ...QUESTION_KEYS[ask]];
  const written = WrittenObject.read(value, place, keys, 'a question');
  if (written === undefined) return { problems };
  const title = written.optional('title', readText);
  const description = written.optional('description', readAnyText);
  const question = readQuestion(ask, written, reading);
  if (problems.length > 0 || question === undefined) return { problems };
  warn(question, reading.nowMs, new Place('', warnings));
  return { question, title, description, warnings };
}

function kindOf(value: unknown, place: Place): Question['ask'] | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return place.want(`a question: an object with ask, one of ${orList(KINDS)}`, value);
  }
  const ask = 'ask' in value ? value.ask : undefined;
  const known = KINDS.find((kind) => kind === ask);
  if (known !== undefined) return known;
  if (ask === undefined || ask === null)
    return place.at('ask').refuse(`missing: want one of ${orList(KINDS)}`);
  const hint = typeof ask === 'string' ? didYouMean(ask, KINDS) : '';
  return place.at('ask').refuse(`want one of ${orList(KINDS)}, current value is ${shown(ask)}${hint}`);
}

function readQuestion(
  ask: Question['ask'],
  written: WrittenObject,
  reading: QuestionReading,
): Question | undefined {
  const { definitions = new Map(), nowMs } = reading;
  const environment = environmentOf(written, reading);
  const scope: QuestionScope = {
    environment: environment?.number ?? 0,
    database: environment?.name ?? '',
    accountIdProperty: environment?.options.accountIdProperty ?? '',
    ...readRange(written, nowMs),
    ...written.some('among', readCohort(definitions, nowMs), 'among'),
  };
  switch (ask) {
    case 'funnel':
      return { ask, ...readFunnel(written, scope, definitions) };
    case 'retention':
      return { ask, ...readRetention(written, scope, definitions) };
    case 'paths':
      return { ask, ...readPaths(written, scope, definitions) };
    case 'cohort': {
      const cohort = cohortOf(written, definitions, nowMs);
      const list = written.or('list', readWhole(0, MOST_LISTED), 0);
      return cohort && { ask, ...scope, cohort, list };
    }
    case 'trend':
      return { ask, ...readTrend(written, scope, definitions) };
    case 'sessions':
      return { ask, ...readSessions(written, scope) };
    case 'accounts':
      return { ask, ...readAccounts(written, scope, definitions) };
  }
}

function environmentOf(written: WrittenObject, { environments }: QuestionReading) {
  const names = environments.map(({ name }) => name);
  const read: Read<(typeof environments)[number]> = (value, place) => {
    const found = environments.find(({ name }) => name === value);
    const hint = typeof value === 'string' ? didYouMean(value, names) : '';
    return found ?? place.refuse(`unknown environment ${shown(value)}${hint}; there is ${names.join(', ')}`);
  };
  if (written.has('environment')) return written.optional('environment', read);
  if (environments.length === 1) return environments[0];
  return written.place.at('environment').refuse(`missing: there are several, want one of ${orList(names)}`);
}

function warn(question: Question, nowMs: number, place: Place): void {
  if (question.ask === 'funnel' || question.ask === 'paths') longWindow(question, nowMs, place);
  if ((question.fromMs ?? nowMs) > nowMs) place.at('from').refuse('in the future: nothing has happened yet');
}
