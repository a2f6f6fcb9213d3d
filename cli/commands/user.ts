import { findUser, questionsOf } from '#queries/find-user.ts';
import { canonicalUserId, MAX_ID } from '#schemas/ids.ts';
import { ask } from '../clickhouse-access.ts';
import { defineCommand } from '../command.ts';
import { environmentOf, QUESTION_OPTIONS, queryText, withClickHouse } from '../question.ts';
import { CommandError, UsageError } from '../usage-error.ts';
import { renderUser, type UserAnswer } from '../user/render-user.ts';

const DEFAULT_VISITS = 10;
const MOST_VISITS = 1000;

export const user = defineCommand({
  usage: 'ID | --identity X [--timeline [--last N]]',
  about: `Who somebody is and why: ids, devices, the merges that made one user of them, properties with who set them and
when. ID is a user id or the id of one of its devices; anything that is not a number is an identity. Merges and properties
name the place of their record in the log, as partition/offset of events.collected.`,
  options: {
    identity: { type: 'string', value: 'X', doc: 'look for this identity, also where it is a number' },
    timeline: {
      type: 'boolean',
      doc: 'sessions with their events; server events in the session that spans them, the rest by half hours',
    },
    last: {
      type: 'string',
      value: 'N',
      doc: `sessions and half hours of the timeline, from the latest (${DEFAULT_VISITS})`,
    },
    ...QUESTION_OPTIONS,
  },
  maxArguments: 1,
  examples: [
    ['user 7465823849301', 'the user with this id, or with a device of this id'],
    ['user ann@example.com --timeline', 'by identity, with the latest sessions'],
    ['user --identity 1234', 'an identity that is a number'],
    ['user ann@example.com --sql', 'the queries behind it'],
  ],
  async run(values, [argument], context) {
    const environment = environmentOf(context, values.env);
    const askedFor = readArgument(argument, values.identity);
    const id =
      askedFor.as === 'id' ? Number(askedFor.value) : canonicalUserId(environment.number, askedFor.value);
    const last = readLast(values.last);
    const question = { environment, id, hasTimeline: values.timeline };
    if (values.sql) {
      const texts = questionsOf(question).map((query) => queryText(query, values.json));
      const note =
        '/* {user:UInt64} is the to_user_id of the first answer where that counts, else the id itself */\n';
      context.stdout.write(values.json ? texts.join('') : `${note}${texts.join(';\n')}`);
      return 0;
    }
    const found = await withClickHouse(context, (clickhouse) =>
      findUser((query) => ask(clickhouse, query), question),
    );
    if (found === undefined) throw new CommandError(unknown(environment.name, askedFor));
    const { profile, account, sessions, sessionCount, timeline, queryMs } = found;
    const answer: UserAnswer = {
      environment: environment.name,
      askedFor: {
        as: askedFor.as === 'id' ? (profile.userId === id ? 'user id' : 'device id') : 'identity',
        value: askedFor.value,
      },
      ...profile,
      ...(account === undefined ? {} : { account }),
      sessionCount,
      lastSession: sessions.at(-1) ?? null,
      ...(timeline === undefined ? {} : { timeline: timeline.slice(-last) }),
      queryMs,
    };
    context.stdout.write(values.json ? `${JSON.stringify(answer)}\n` : renderUser(answer));
    return 0;
  },
});

type AskedFor = { readonly as: 'id' | 'identity'; readonly value: string };

function readArgument(argument: string | undefined, identity: string | undefined): AskedFor {
  if (argument !== undefined && identity !== undefined)
    throw new UsageError('Choose one: an ID or --identity X');
  if (identity !== undefined) return { as: 'identity', value: identity };
  if (argument === undefined || argument === '')
    throw new UsageError('Whom to look for is missing: give an ID or --identity X');
  if (!/^\d+$/.test(argument)) return { as: 'identity', value: argument };
  if (BigInt(argument) > BigInt(MAX_ID))
    throw new UsageError(
      `Cannot read the ID: want an integer from 0 to ${MAX_ID}, current value is ${argument}; an identity that is a number needs --identity`,
    );
  return { as: 'id', value: argument };
}

function readLast(text: string | undefined): number {
  const value = text === undefined ? DEFAULT_VISITS : Number(text);
  if (!Number.isInteger(value) || value < 1 || value > MOST_VISITS)
    throw new UsageError(
      `Cannot read --last: want a whole number from 1 to ${MOST_VISITS}, current value is ${JSON.stringify(text)}`,
    );
  return value;
}

function unknown(environment: string, { as, value }: AskedFor): string {
  return as === 'id'
    ? `Nobody in ${environment} has the user or device id ${value}; an identity that is a number needs --identity ${value}`
    : `Nobody in ${environment} has the identity ${JSON.stringify(value)}; identities are case-sensitive`;
}
