/** Whatever is written into a question, its query has the same text and runs: only parameters differ. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import {
  QUESTION_DATABASE,
  type QuestionDatabase,
  startQuestionDatabase,
} from '../test/support/question-database.ts';
import { questionQuery } from './answer.ts';
import { askWithin } from './ask-clickhouse.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import { QuestionError } from './question-error.ts';
import type { Question } from './questions.ts';
import { HOSTILE_TEXTS, KINDS, questionsOf } from './written/testing.ts';

const TEXT_RUNS = 200;
const SERVER_RUNS = 12;

/** Names, as sent, of columns that the readers' tables of the test have. */
const COLUMNS: Readonly<Record<string, string>> = {
  user: 'Identity',
  account: 'Account id',
  session: 'Event count',
};

/** A question with every text that comes from outside replaced. What is equal stays equal. */
function replaced<T>(value: T, replace: (text: string) => string, key = '', of = ''): T {
  if (Array.isArray(value)) return value.map((one) => replaced(one, replace, key, of)) as T;
  if (typeof value === 'object' && value !== null) {
    const scope = 'of' in value ? String(value.of) : of;
    return Object.fromEntries(
      Object.entries(value).map(([name, one]) => [name, replaced(one, replace, name, scope)]),
    ) as T;
  }
  const isFree = ['label', 'names', 'values', 'value'].includes(key) || (key === 'name' && of !== 'field');
  return typeof value === 'string' && isFree ? (replace(value) as T) : value;
}

/** Plain names in place of texts. Texts that no property can have as its name are left. */
function plain(question: Question): Question {
  const names = new Map<string, string>();
  return replaced(question, (text) => {
    if (text === '' || /[:^@]`/.test(text)) return text;
    if (!names.has(text)) names.set(text, `plain_${names.size}`);
    return names.get(text) as string;
  });
}

/** Placeholders are numbered by what is equal, and two names may be of one column. */
const withoutNumbers = (sql: string) => sql.replaceAll(/\{\w+:/g, '{');

/** Options of a question may exclude each other. */
function canBeAsked(question: Question): boolean {
  try {
    questionQuery(question);
    return true;
  } catch (error) {
    if (error instanceof QuestionError) return false;
    throw error;
  }
}

function withColumns(question: Question): Question {
  const value = JSON.parse(JSON.stringify(question), (_, one) =>
    typeof one === 'object' &&
    one !== null &&
    typeof one.of === 'string' &&
    one.of in COLUMNS &&
    'name' in one
      ? { of: one.of, name: COLUMNS[one.of] }
      : one,
  );
  return { ...value, database: QUESTION_DATABASE };
}

let database: QuestionDatabase;

before(async () => {
  database = await startQuestionDatabase();
  await database.load(
    HOSTILE_TEXTS.map((text, index) => ({
      user: 1 + (index % 3),
      session: 7,
      time: Date.UTC(2026, 0, 1, 0, index),
      id: index + 1,
      name: text,
      properties: { plan: text },
      fields: { path: text },
    })),
  );
  await database.loadUsers([{ user_id: 1, identity: "o'x", account_id: 'a' }]);
  await database.loadSessions([{ user_id: 1, device_id: 1, session_id: 7 }]);
  await database.loadAccounts([{ account_id: 'a' }]);
});
after(() => database?.stop());

for (const ask of KINDS) {
  test(`questionQuery() puts nothing of a ${ask} question into the text`, () => {
    fc.assert(
      fc.property(questionsOf(ask).filter(canBeAsked), (question) => {
        const { sql, params } = questionQuery(question);
        assert.equal(withoutNumbers(sql), withoutNumbers(questionQuery(plain(question)).sql));
        for (const [, name = ''] of sql.matchAll(/\{(\w+):Identifier\}/g))
          assert.match(String(params[name]), /^\w+$/);
      }),
      { numRuns: TEXT_RUNS },
    );
  });

  test(`ClickHouse runs every ${ask} question`, async () => {
    const run = askWithin(database.clickhouse, { limits: DEFAULT_LIMITS });
    await fc.assert(
      fc.asyncProperty(questionsOf(ask).filter(canBeAsked), async (question) => {
        try {
          await run(questionQuery(withColumns(question)));
        } catch (error) {
          // Not every text is an expression.
          if (!/^Cannot read the expression/.test((error as Error).message)) throw error;
        }
      }),
      { numRuns: SERVER_RUNS },
    );
  });
}
