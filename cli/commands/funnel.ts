import { MOST_LISTED } from '#queries/funnel.ts';
import { defineCommand, type Given } from '../command.ts';
import { askCommandLine, type LostAfter } from '../questions/ask-question.ts';
import { givenEvents, numberOr } from '../questions/given-events.ts';
import { ASK_OPTIONS, EVENT_OPTIONS } from '../questions/question-options.ts';
import { writtenFields } from '../questions/written-fields.ts';
import { UsageError } from '../usage-error.ts';

const DEFAULT_LISTED = 20;

/** Options of written keys that have another name. */
const OPTIONS = { steps: 'step', anchor: 'first-anchor' };

export const funnel = defineCommand({
  usage:
    '--step NAME [--where CONDITION] --step NAME ... [--within DURATION] [--by PROP[@STEP]] [--from T] [--to T]',
  about: `How many users did the steps in order. NAME is the event name as it was sent, * for any event, @NAME for a definition.
Any occurrence of the first step may start an attempt, and a user's best attempt counts. Each step needs an event of its
own, later than the one before; all of them within DURATION of the first, or within the range. --where says more of the
step before it. --by splits by a property of the event that the attempt started with, or of that of another STEP.`,
  options: {
    step: { type: 'string', multiple: true, value: 'NAME', doc: 'next step' },
    ...EVENT_OPTIONS,
    within: { type: 'string', value: 'DURATION', doc: 'longest time from first to last step: 30m, 12h, 7d' },
    order: {
      type: 'string',
      value: 'later|next|any',
      doc: 'each step at any later event, at the very next one, or in any order (later)',
    },
    'one-session': { type: 'boolean', doc: 'all steps in one session' },
    exclude: {
      type: 'string',
      multiple: true,
      value: 'NAME[:AFTER-BEFORE]',
      doc: 'an attempt is void with this event between two steps (first and last): Refund:1-2',
    },
    by: {
      type: 'string',
      value: 'PROP[@STEP]',
      doc: 'split by a property: plan, user.plan, field.country, price@2',
    },
    top: { type: 'string', value: 'N', doc: 'values to tell apart (10)' },
    every: {
      type: 'string',
      value: 'PERIOD',
      doc: 'split by hour, day, week or month in which the attempt began',
    },
    times: { type: 'boolean', doc: 'also how long each step took' },
    subject: { type: 'string', value: 'user|account|session', doc: 'whom to count (user)' },
    'list-lost': { type: 'string', value: 'K', doc: 'also list who did step K and not the next one' },
    list: { type: 'string', value: 'N', doc: `users that --list-lost lists (${DEFAULT_LISTED})` },
    'first-anchor': { type: 'boolean', doc: "each step at its first time, as in Heap's published SQL" },
    ...ASK_OPTIONS,
  },
  maxArguments: 0,
  handlesStop: true,
  examples: [
    ['funnel --step Signup --step Purchase', 'from sign-up to purchase, however long it takes'],
    ['funnel --step pageview --step Signup --step Purchase --within 7d --by plan', 'in a week, by plan'],
    ["funnel --step pageview --where 'field.path starts with /prices' --step Signup", 'from one page'],
    ['funnel --step Signup --step Purchase --exclude Refund --every week --times', 'by week, with times'],
    ['funnel --step Signup --step Purchase --list-lost 1', 'who signed up and never bought'],
    ['funnel --step Purchase --step Purchase --from 2026-03-01 --to 2026-04-01', 'bought twice in March'],
    ['funnel --step Signup --step Purchase --save signup.yaml', 'keep it for cairn ask signup.yaml'],
    ['funnel --step Signup --step Purchase --sql', 'the query behind it'],
  ],
  run(values, _positionals, context, given) {
    const steps = givenEvents(given, ['step']).map(({ written }) => written);
    if (steps.length === 0) throw new UsageError('A step is missing: give at least one --step NAME');
    const written = writtenFields({
      ask: 'funnel',
      steps,
      within: values.within,
      order: values.order,
      'one session': values['one-session'],
      exclude: exclusionsOf(given),
      subject: values.subject,
      by: values.by === undefined ? undefined : splitOf(values.by),
      top: values.top === undefined ? undefined : numberOr(values.top),
      every: values.every,
      times: values.times,
      anchor: values['first-anchor'] ? 'first' : undefined,
    });
    return askCommandLine(written, values, context, OPTIONS, lostOf(values, steps.length));
  },
});

function lostOf(
  values: { readonly 'list-lost': string | undefined; readonly list: string | undefined },
  steps: number,
): LostAfter | undefined {
  const after = values['list-lost'];
  if (after === undefined) {
    if (values.list === undefined) return undefined;
    throw new UsageError('--list says how many --list-lost K lists: give that too');
  }
  return {
    after: wholeNumber('--list-lost', after, 1, steps - 1),
    limit: values.list === undefined ? DEFAULT_LISTED : wholeNumber('--list', values.list, 1, MOST_LISTED),
  };
}

function wholeNumber(option: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isInteger(value) && value >= least && value <= most) return value;
  throw new UsageError(
    `Cannot read ${option}: want a whole number from ${least} to ${most}, current value is ${JSON.stringify(text)}`,
  );
}

/** `--where` and `--label` say more of steps alone. */
function exclusionsOf(given: readonly Given[]) {
  return given
    .filter(({ option }) => option === 'exclude')
    .map(({ value }) => {
      const [, name = value, after, before] = /^(.+):(\d+)-(\d+)$/s.exec(value) ?? [];
      const [event] = givenEvents([{ option: 'exclude', value: name }], ['exclude']);
      if (after === undefined || before === undefined || event === undefined) return event?.written ?? name;
      const places = { after: numberOr(after), before: numberOr(before) };
      if (typeof event.written === 'object') return { ...event.written, ...places };
      if (event.written === '*') return places;
      return name.startsWith('@') ? { definition: name.slice(1), ...places } : { event: name, ...places };
    });
}

function splitOf(text: string) {
  const [, property, step] = /^(.+)@(\d+)$/s.exec(text) ?? [];
  return property === undefined || step === undefined ? text : { property, step: numberOr(step) };
}
