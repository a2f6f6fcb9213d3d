import type { Protection } from '../protection.ts';

const ANY = 'funnelQuery() answers with any options what trying every attempt answers';
const OPTIONS = 'queries/funnel-options.test.ts';
const PLAIN = 'queries/funnel.test.ts';

/** Funnels: whose attempt counts, and how far it got. */
export const FUNNELS: readonly Protection[] = [
  {
    name: 'funnels: events that tie are not later than each other',
    against: 'users who did two steps at once, in no order',
    file: 'queries/funnel/layout.ts',
    find: '(element, later) -> later',
    replace: '(element, later) -> later OR 1',
    testFile: PLAIN,
  },
  {
    name: 'funnels: the window is measured from the first event, inclusive',
    against: 'users who came too late, or just in time and are not counted',
    file: 'queries/funnel/steps.ts',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source code
    find: '>= at - ${within}',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source code
    replace: '> at - ${within}',
    testFile: PLAIN,
  },
  {
    name: 'funnels: what is excluded lies strictly between',
    against: 'attempts voided by what happened before them',
    file: 'queries/funnel/steps.ts',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source code
    find: '>= ${array}_here',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source code
    replace: '> ${array}_here',
    testFile: OPTIONS,
    testName: ANY,
  },
  {
    name: 'funnels: next is next',
    against: 'users who did something else between',
    file: 'queries/funnel/layout.ts',
    find: 'toUInt32(rank - 1)',
    replace: 'toUInt32(0)',
    testFile: PLAIN,
  },
  {
    name: 'funnels: an attempt of a period begins in it',
    against: 'users who are counted in periods they began nothing in',
    file: 'queries/funnel/steps.ts',
    find: "['at <= until']",
    replace: "['1']",
    testFile: OPTIONS,
  },
  {
    name: 'funnels: earliest events that an exclusion lets stand',
    against: 'times of attempts that are void',
    file: 'queries/funnel/backward.ts',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source code
    find: 'reached < ${before} OR',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source code
    replace: 'reached <= ${before} OR',
    testFile: OPTIONS,
  },
  {
    name: 'funnels: of equal sessions the one that began last',
    against: 'times that were shorter than said',
    file: 'queries/funnel/answer.ts',
    find: '-started_at,',
    replace: 'started_at,',
    testFile: OPTIONS,
  },
  {
    name: 'funnels: events of no session are in none',
    against: 'users who did the steps in no session',
    file: 'queries/funnel/trails.ts',
    find: '\\nWHERE session_id != 0',
    replace: '',
    testFile: OPTIONS,
    testName: ANY,
  },
  {
    name: 'funnels: in any order an event does one step',
    against: 'users who did two steps with one event',
    file: 'queries/funnel/any-order.ts',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source code
    find: '+ ${all - size}`',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source code
    replace: '+ ${all}`',
    testFile: OPTIONS,
    testName: ANY,
  },
  {
    name: 'funnels: in any order events leave the window when it is over',
    against: 'users who took longer than the window',
    file: 'queries/funnel/any-order.ts',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source code
    find: '+ ${within} + 1',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source code
    replace: '+ ${within} + 2',
    testFile: OPTIONS,
    testName: ANY,
  },
  {
    name: 'funnels: from the first event of all, equal times are late enough',
    against: "another number than Heap's SQL",
    file: 'queries/funnel/first.ts',
    find: 'AND at >= at_',
    replace: 'AND at > at_',
    testFile: PLAIN,
  },
  {
    name: 'funnels: lost users got no further',
    against: 'lists of users who were not lost',
    file: 'queries/funnel/users.ts',
    find: "lost ? '=' : '>='",
    replace: "lost ? '>=' : '>='",
    testFile: OPTIONS,
    testName: 'funnelUsersQuery() lists with any options whom trying every attempt finds',
  },
];
