import { eventNamed } from '#queries/event-match.ts';
import { funnelQuery, PLAIN_FUNNEL } from '#queries/funnel.ts';
import { inlineParams } from '#queries/inline-params.ts';
import type { FunnelQuestion } from '#queries/questions.ts';
import { retentionQuery } from '#queries/retention.ts';
import { EVENTS, tableOf } from './fill-history.ts';

/** A question in each of its forms, as SQL. */
export type AnswerQuestion = {
  readonly name: string;
  /** As the query library asks it. */
  readonly asked: string;
  /** The same over rows that were stored with the ids of now. */
  readonly resolved: string;
  /** Every column it reads, and nothing more. */
  readonly scan: string;
  /** Ids resolved by a join with user_migrations, and what the steps are joined on, as in the sample analyses for Heap Connect. */
  readonly joined: string;
};

/** Where the rows of `resolved` are: the columns of `cairn.resolved_events` that the questions read. */
export const RESOLVED_TABLE = 'cairn.bench_resolved_events';

const SCOPE = { environment: 1, database: 'main_production', accountIdProperty: '' } as const;
const WEEK_MS = 7 * 24 * 60 * 60 * 1000;
const THREE = ['View item', 'Add to cart', 'Purchase'];
const EIGHT = EVENTS.map(([name]) => name);

function funnel(
  name: string,
  steps: readonly string[],
  options: Partial<FunnelQuestion> = {},
): AnswerQuestion {
  const by = options.by === undefined ? [] : ['plan'];
  return {
    name,
    ...forms(
      inlineParams(
        funnelQuery({
          ...PLAIN_FUNNEL,
          ...SCOPE,
          steps: steps.map(eventNamed),
          withinMs: WEEK_MS,
          ...options,
        }),
      ),
    ),
    scan: scan(steps, ['event_id', ...by]),
    joined: joinedFunnel(steps, by.length > 0),
  };
}

const forms = (asked: string) => ({
  asked,
  resolved: asked.replaceAll('cairn.resolved_events', RESOLVED_TABLE),
});

const tablesOf = (names: readonly string[]) => names.map((name) => `'${tableOf(name)}'`).join(', ');

function scan(names: readonly string[], more: readonly string[]): string {
  const columns = more.map((column) =>
    column === 'plan' ? "toString(getSubcolumn(properties, 'plan'))" : column,
  );
  return `SELECT ${['device_id', 'time', ...columns].map((column) => `max(${column})`).join(', ')}, count()
FROM cairn.events WHERE generation = 1 AND environment = 1 AND event_table_name IN (${tablesOf(names)})`;
}

/** Events of a name with the user of now. */
const joinedEvents = (name: string, plan = false) =>
  `SELECT if(m.to_user_id = 0, e.device_id, m.to_user_id) AS user_id, e.time AS time${plan ? ", toString(getSubcolumn(e.properties, 'plan')) AS plan" : ''}
FROM cairn.events AS e LEFT ANY JOIN (SELECT from_user_id, to_user_id FROM cairn.user_migrations FINAL WHERE counts = 1) AS m
  ON e.device_id = m.from_user_id
WHERE e.generation = 1 AND e.environment = 1 AND e.event_table_name = '${tableOf(name)}'`;

/** The first time of each step after that of the one before; from the first event of all. */
function joinedFunnel(steps: readonly string[], grouped: boolean): string {
  const ctes = steps.map((name, index) => {
    if (index === 0) {
      return `e1 AS (SELECT user_id, min(time) AS at, at AS started${grouped ? ', argMin(plan, time) AS value' : ''}
FROM (${joinedEvents(name, grouped)}) GROUP BY user_id)`;
    }
    return `e${index + 1} AS (SELECT e.user_id AS user_id, min(e.time) AS at, any(b.started) AS started${grouped ? ', any(b.value) AS value' : ''}
FROM (${joinedEvents(name)}) AS e INNER JOIN e${index} AS b ON e.user_id = b.user_id
WHERE e.time >= b.at AND e.time <= b.started + toIntervalMillisecond(${WEEK_MS}) GROUP BY user_id)`;
  });
  const joins = steps
    .slice(1)
    .map((_, index) => `LEFT JOIN e${index + 2} ON e1.user_id = e${index + 2}.user_id`);
  const counts = steps.map((_, index) => `countIf(e${index + 1}.user_id != 0)`);
  return `WITH ${ctes.join(',\n')}
SELECT ${grouped ? 'e1.value, ' : ''}${counts.join(', ')} FROM e1 ${joins.join(' ')}${grouped ? ' GROUP BY e1.value' : ''}`;
}

const [START, BACK] = ['View item', 'Purchase'];

/** The questions that the time of answers is measured by. */
export const ANSWER_QUESTIONS: readonly AnswerQuestion[] = [
  funnel('funnel of 3 steps', THREE),
  funnel('funnel of 8 steps', EIGHT),
  funnel('funnel of 3 steps by a property', THREE, {
    by: { property: { of: 'event', name: 'plan' }, step: 1 },
  }),
  {
    name: 'retention by week',
    ...forms(
      inlineParams(
        retentionQuery({
          ...SCOPE,
          ...{ start: eventNamed(START), back: eventNamed(BACK), every: 'week', periods: 8 },
          ...{ cohorts: 'first in range', counts: 'in', subject: 'user' },
        }),
      ),
    ),
    scan: scan([START, BACK], []),
    joined: `WITH first AS (SELECT user_id, toMonday(min(time)) AS cohort FROM (${joinedEvents(START)}) GROUP BY user_id)
SELECT cohort, n, uniqExact(user_id) AS users
FROM (SELECT b.user_id AS user_id, f.cohort AS cohort, intDiv(toMonday(b.time) - f.cohort, 7) AS n
FROM (${joinedEvents(BACK)}) AS b INNER JOIN first AS f ON b.user_id = f.user_id)
WHERE n BETWEEN 0 AND 8 GROUP BY cohort, n ORDER BY cohort, n`,
  },
];
