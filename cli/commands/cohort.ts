import type { Written } from '#queries/written/write-event.ts';
import { defineCommand, type Given } from '../command.ts';
import { askCommandLine } from '../questions/ask-question.ts';
import { EVENT_SAYINGS, givenEvents, numberOr } from '../questions/given-events.ts';
import { ASK_OPTIONS, EVENT_OPTIONS } from '../questions/question-options.ts';
import { writtenFields } from '../questions/written-fields.ts';
import { UsageError } from '../usage-error.ts';

/** Options that say more of the --did before them, and the keys of its rule. */
const OF_RULE = { 'at-least': 'at least', 'at-most': 'at most', since: 'from', until: 'to' } as const;
const RULE_SAYINGS = Object.fromEntries(Object.entries(OF_RULE).map(([option, key]) => [option, { key }]));

export const cohort = defineCommand({
  usage:
    '--did NAME [--at-least N] [--at-most N] [--since T] [--until T] ... --has CONDITION ... [--any] [--list N]',
  about: `How many users did or have something, and who. --at-least (1), --at-most, --since, --until and --where say more of the
--did before them; --at-most 0 means never. All rules must hold, or with --any one of them.`,
  options: {
    did: { type: 'string', multiple: true, value: 'NAME', doc: 'event that users did' },
    'at-least': { type: 'string', multiple: true, value: 'N', doc: 'so often or more (1)' },
    'at-most': { type: 'string', multiple: true, value: 'N', doc: 'so often or less; 0 = never' },
    since: { type: 'string', multiple: true, value: 'T', doc: 'from this time on (--from)' },
    until: { type: 'string', multiple: true, value: 'T', doc: 'up to this time, without it (--to)' },
    ...EVENT_OPTIONS,
    has: {
      type: 'string',
      multiple: true,
      value: 'CONDITION',
      doc: "property of the user or account now: 'user.plan = pro'",
    },
    any: { type: 'boolean', doc: 'one rule is enough' },
    list: { type: 'string', value: 'N', doc: 'list users, those seen last first' },
    ...ASK_OPTIONS,
  },
  maxArguments: 0,
  handlesStop: true,
  examples: [
    ['cohort --did Purchase --at-least 2 --from -90d', 'bought twice in 90 days'],
    ['cohort --did Signup --did Purchase --at-most 0 --list 20', 'signed up and never bought'],
    ["cohort --did Login --since -30d --has 'user.plan in pro, team'", 'active, on a paid plan'],
  ],
  run(values, _positionals, context, given) {
    const rules: Written[] = [...didRules(given), ...values.has.map((has) => ({ has }))];
    if (rules.length === 0) throw new UsageError('A rule is missing: give --did NAME or --has CONDITION');
    const written = writtenFields({
      ask: 'cohort',
      hold: values.any ? 'any' : undefined,
      rules,
      list: values.list === undefined ? undefined : numberOr(values.list),
    });
    return askCommandLine(written, values, context, { rules: 'did or --has, rule' });
  },
});

/** What is said of an event makes the event, what is said of a rule makes the rule around it. */
function didRules(given: readonly Given[]): readonly Written[] {
  const events = givenEvents(given, ['did'], EVENT_SAYINGS);
  const rules = givenEvents(
    given.map(({ option, value }) => (option === 'did' ? { option, value: 'x' } : { option, value })),
    ['did'],
    RULE_SAYINGS,
  );
  return events.map(({ written }, index) => {
    const rule = rules[index]?.written;
    const { event: _, ...said } =
      typeof rule === 'object' && !Array.isArray(rule) ? (rule as Record<string, Written>) : {};
    return { did: written, ...said };
  });
}
