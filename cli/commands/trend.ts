import { defineCommand } from '../command.ts';
import { askCommandLine } from '../questions/ask-question.ts';
import { EVENT_SAYINGS, givenEvents, numberOr } from '../questions/given-events.ts';
import { ASK_OPTIONS, EVENT_OPTIONS } from '../questions/question-options.ts';
import { writtenFields } from '../questions/written-fields.ts';
import { UsageError } from '../usage-error.ts';

export const trend = defineCommand({
  usage:
    '--event NAME [--measure M] [--where CONDITION] ... [--every PERIOD] [--formula F] [--by PROP] [--from T] [--to T]',
  about: `Usage over time. Each --event is a series, named A, B, C, ... in the formula; --measure and --where say more of the event
before them. Periods are those of the calendar in UTC; weeks start on Monday.`,
  options: {
    event: { type: 'string', multiple: true, value: 'NAME', doc: 'next series; * is any event' },
    measure: {
      type: 'string',
      multiple: true,
      value: 'M',
      doc: "events, users, accounts, sessions, or sum, average, median, least, most of a property: 'sum of total' (events)",
    },
    ...EVENT_OPTIONS,
    every: { type: 'string', value: 'PERIOD', doc: 'hour, day, week or month (day)' },
    formula: { type: 'string', value: 'F', doc: "arithmetic over the series: 'B / A * 100'" },
    by: { type: 'string', value: 'PROP', doc: 'split by a property: plan, user.plan, field.country' },
    top: { type: 'string', value: 'N', doc: 'values to tell apart (10)' },
    ...ASK_OPTIONS,
  },
  maxArguments: 0,
  handlesStop: true,
  examples: [
    ["trend --event '*' --measure users --every week --from -12w", 'weekly active users'],
    [
      "trend --event Purchase --event Purchase --measure 'sum of total' --formula 'B / A'",
      'average order by day',
    ],
    ['trend --event pageview --by field.country --top 5', 'pages by country'],
  ],
  run(values, _positionals, context, given) {
    const series = givenEvents(given, ['event'], { ...EVENT_SAYINGS, measure: { key: 'measure' } }).map(
      ({ written }) => written,
    );
    if (series.length === 0) throw new UsageError('A series is missing: give at least one --event NAME');
    const written = writtenFields({
      ask: 'trend',
      series,
      every: values.every,
      formula: values.formula,
      by: values.by,
      top: values.top === undefined ? undefined : numberOr(values.top),
    });
    return askCommandLine(written, values, context, { series: 'event' });
  },
});
