import { defineCommand } from '../command.ts';
import { askCommandLine } from '../questions/ask-question.ts';
import { numberOr } from '../questions/given-events.ts';
import { ASK_OPTIONS } from '../questions/question-options.ts';
import { writtenFields } from '../questions/written-fields.ts';

export const sessions = defineCommand({
  usage: '[--every PERIOD] [--by PROP] [--from T] [--to T]',
  about: `Figures of the sessions that started in the range: how many, how long, how many events each, and how many
of them were left after a single event (bounced).`,
  options: {
    every: { type: 'string', value: 'PERIOD', doc: 'also by hour, day, week or month' },
    by: {
      type: 'string',
      value: 'PROP',
      doc: 'also by a property: session.browser, user.plan, account.name',
    },
    top: { type: 'string', value: 'N', doc: 'values to tell apart (10)' },
    ...ASK_OPTIONS,
  },
  maxArguments: 0,
  handlesStop: true,
  examples: [
    ['sessions', 'all sessions'],
    ['sessions --from 2026-03-01 --to 2026-03-08', 'those of one week'],
    ['sessions --every week --from -12w', 'week by week'],
    ['sessions --by session.browser --top 5', 'by browser'],
  ],
  run(values, _positionals, context) {
    const written = writtenFields({
      ask: 'sessions',
      every: values.every,
      by: values.by,
      top: values.top === undefined ? undefined : numberOr(values.top),
    });
    return askCommandLine(written, values, context, {});
  },
});
