import { defineCommand } from '../command.ts';
import { askCommandLine } from '../questions/ask-question.ts';
import { givenEvents, numberOr, words } from '../questions/given-events.ts';
import { ASK_OPTIONS, EVENT_OPTIONS } from '../questions/question-options.ts';
import { writtenFields } from '../questions/written-fields.ts';
import { UsageError } from '../usage-error.ts';

export const retention = defineCommand({
  usage:
    '[--start NAME] [--return NAME] [--every day|week|month] [--periods N] [--by PROP] [--from T] [--to T]',
  about: `How many users came back. A user belongs to the day (week, month) of the first --start event in the range, and
counts in each later one with a --return event; period 0 is that of the start itself. Without NAME any event
counts. Periods are those of the calendar in UTC; weeks start on Monday. --where says more of the event before it.`,
  options: {
    start: { type: 'string', value: 'NAME', doc: 'event that users start with' },
    return: { type: 'string', value: 'NAME', doc: 'event that counts as coming back' },
    ...EVENT_OPTIONS,
    every: { type: 'string', value: 'day|week|month', doc: 'length of a period (day)' },
    periods: { type: 'string', value: 'N', doc: 'periods to watch after the first (7)' },
    cohorts: {
      type: 'string',
      value: 'WHICH',
      doc: 'first-in-range; first-ever: only who never started before; every: a cohort in each period with a start',
    },
    counts: {
      type: 'string',
      value: 'HOW',
      doc: 'in; in-or-after: in that period or later; or the first period of each bracket: 0,1,3,7',
    },
    subject: { type: 'string', value: 'user|account', doc: 'whom to count (user)' },
    by: { type: 'string', value: 'PROP', doc: 'split by a property of the start event, or of the user' },
    top: { type: 'string', value: 'N', doc: 'values to tell apart (10)' },
    ...ASK_OPTIONS,
  },
  maxArguments: 0,
  handlesStop: true,
  examples: [
    ['retention --start Signup', 'of those who signed up, who did anything on the days after'],
    ['retention --start Purchase --return Purchase --every week --periods 8', 'buys again within 8 weeks'],
    ['retention --start Signup --every month --by user.plan --from -365d', 'by plan, of a year'],
    ['retention --start Signup --counts 0,1,7,30 --periods 60', 'in brackets of days'],
  ],
  run(values, _positionals, context, given) {
    const events = givenEvents(given, ['start', 'return']);
    const eventOf = (name: string) => events.find(({ option }) => option === name)?.written;
    const written = writtenFields({
      ask: 'retention',
      start: eventOf('start'),
      return: eventOf('return'),
      every: values.every,
      periods: values.periods === undefined ? undefined : numberOr(values.periods),
      cohorts: words(values.cohorts),
      counts: values.counts === undefined ? undefined : countsOf(values.counts),
      subject: values.subject,
      by: values.by,
      top: values.top === undefined ? undefined : numberOr(values.top),
    });
    if (values.counts === '')
      throw new UsageError('--counts is empty: give in, in-or-after, or brackets such as 0,1,7');
    return askCommandLine(written, values, context, {});
  },
});

function countsOf(text: string) {
  return /^\d/.test(text) ? text.split(',').map((first) => numberOr(first.trim())) : (words(text) ?? text);
}
