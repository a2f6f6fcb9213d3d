import { defineCommand } from '../command.ts';
import { askCommandLine } from '../questions/ask-question.ts';
import { givenEvents, numberOr } from '../questions/given-events.ts';
import { ASK_OPTIONS, EVENT_OPTIONS } from '../questions/question-options.ts';
import { writtenFields } from '../questions/written-fields.ts';

export const accounts = defineCommand({
  usage: '[--event NAME] [--every day|week|month] [--show account.PROP ...] [--top N] [--from T] [--to T]',
  about: `Accounts by their usage: events, users, active users, and the last period beside the one before. The environment's option
accountIdProperty says which user property holds the account.`,
  options: {
    event: { type: 'string', value: 'NAME', doc: 'event that counts as usage (any)' },
    ...EVENT_OPTIONS,
    every: {
      type: 'string',
      value: 'day|week|month',
      doc: 'period that is compared with the one before (week)',
    },
    show: {
      type: 'string',
      multiple: true,
      value: 'PROP',
      doc: 'property of the account to show: account.plan',
    },
    top: { type: 'string', value: 'N', doc: 'accounts to list (20)' },
    ...ASK_OPTIONS,
  },
  maxArguments: 0,
  handlesStop: true,
  examples: [
    ['accounts', 'the busiest accounts, this week and the one before'],
    ['accounts --event Purchase --every month --show account.name --show account.plan', 'by purchases'],
  ],
  run(values, _positionals, context, given) {
    const [event] = givenEvents(given, ['event']);
    const written = writtenFields({
      ask: 'accounts',
      event: event?.written,
      every: values.every,
      show: values.show,
      top: values.top === undefined ? undefined : numberOr(values.top),
    });
    return askCommandLine(written, values, context, {});
  },
});
