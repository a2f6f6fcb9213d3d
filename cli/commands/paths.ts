import { defineCommand } from '../command.ts';
import { askCommandLine } from '../questions/ask-question.ts';
import { givenEvents, numberOr } from '../questions/given-events.ts';
import { ASK_OPTIONS, EVENT_OPTIONS } from '../questions/question-options.ts';
import { writtenFields } from '../questions/written-fields.ts';
import { UsageError } from '../usage-error.ts';

export const paths = defineCommand({
  usage: '--after NAME | --before NAME [--depth N] [--top N] [--step NAME ...] [--from T] [--to T]',
  about: `What comes next: the most frequent sequences of events after (or before) each occurrence of an event. A path ends with
its session, and what is in none (most events of servers) is left out, unless --across-sessions is given. Every event is
a step, by its name; with --step only those. --where says more of the event before it.`,
  options: {
    after: { type: 'string', value: 'NAME', doc: 'event that paths begin with' },
    before: { type: 'string', value: 'NAME', doc: 'event that paths end with' },
    step: { type: 'string', multiple: true, value: 'NAME', doc: 'event that is a step of a path (all)' },
    ...EVENT_OPTIONS,
    depth: { type: 'string', value: 'N', doc: 'steps beside the event, 1 to 10 (3)' },
    top: { type: 'string', value: 'N', doc: 'paths to list (20)' },
    'across-sessions': { type: 'boolean', doc: 'a path goes on in the next session' },
    within: { type: 'string', value: 'DURATION', doc: 'a path ends so long after the event' },
    collapse: { type: 'boolean', doc: 'take several of one step in a row for one' },
    ...ASK_OPTIONS,
  },
  maxArguments: 0,
  handlesStop: true,
  examples: [
    ['paths --after Signup', 'what people do when they have signed up'],
    ['paths --before Purchase --depth 5 --collapse', 'how they get to a purchase'],
    [
      "paths --after pageview --where 'field.path = /' --step Signup --step Purchase --across-sessions",
      'some steps alone',
    ],
  ],
  run(values, _positionals, context, given) {
    const events = givenEvents(given, ['after', 'before', 'step']);
    const points = events.filter(({ option }) => option !== 'step');
    const [point] = points;
    if (point === undefined || points.length > 1) {
      throw new UsageError('Say where paths begin or end: give --after NAME or --before NAME');
    }
    const written = writtenFields({
      ask: 'paths',
      point: point.written,
      direction: point.option,
      steps: events.filter(({ option }) => option === 'step').map(({ written }) => written),
      depth: values.depth === undefined ? undefined : numberOr(values.depth),
      top: values.top === undefined ? undefined : numberOr(values.top),
      within: values.within,
      collapse: values.collapse,
    });
    const sessions = values['across-sessions'] ? { 'one session': false } : {};
    return askCommandLine({ ...written, ...sessions }, values, context, {
      point: point.option,
      steps: 'step',
    });
  },
});
