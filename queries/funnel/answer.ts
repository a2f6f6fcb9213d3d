import { periodTextSql } from '../periods.ts';
import { DEFAULT_TOP } from '../questions.ts';
import { groupKeySql, placedSql } from '../top-values.ts';
import { anyOrderParts } from './any-order.ts';
import { firstParts } from './first.ts';
import type { FunnelPlan, Part } from './plan.ts';
import { stepParts } from './steps.ts';
import { trailParts } from './trails.ts';

/** Quantiles of the times between steps. */
export const TIME_QUANTILES = [0.25, 0.5, 0.75, 0.9] as const;

/** Subqueries down to `best`: a row for each subject, with `every` in each period, with its best attempt. */
export function bestParts(plan: FunnelPlan): Part[] {
  const { question, sessionsOfSubjects } = plan;
  const attempts =
    question.order === 'any'
      ? anyOrderParts(plan)
      : question.anchor === 'first'
        ? firstParts(plan)
        : stepParts(plan);
  const best = sessionsOfSubjects ? bestOfSessions(plan) : 'SELECT * FROM attempts';
  return [...trailParts(plan), ...attempts, ['best', best]];
}

/** Of several sessions of a subject: the attempt that got furthest, of these the first to get there, of these the latest; the rest goes by ids. */
function bestOfSessions({ question: { by, times, every } }: FunnelPlan): string {
  const shown = [
    ...['reached', 'started_at', 'started_id', 'ended_at', 'ended_id'],
    ...(by === undefined ? [] : ['value']),
    ...(times ? ['step_ats'] : []),
  ];
  const keys = ['subject', ...(every === undefined ? [] : ['period_number'])].join(', ');
  return `SELECT ${keys}, ${shown.map((column, index) => `chosen.${index + 1} AS ${column}`).join(', ')}
FROM (SELECT ${keys}, argMin((${shown.join(', ')}),
  (-toInt16(reached), ended_at, ended_id, -started_at, -toInt64(started_id), device_id, session_id)) AS chosen
FROM attempts GROUP BY ${keys})`;
}

/** The statement of parts and of a query that reads them. */
export function statement(parts: readonly Part[], sql: string): string {
  return `WITH ${parts.map(([name, part]) => `${name} AS\n(\n${part}\n)`).join(',\n')}\n${sql}`;
}

/** The rows of the answer, from `best`. */
export function answerSql(plan: FunnelPlan): string {
  const { by, every } = plan.question;
  if (by !== undefined) return groupedSql(plan);
  const period = every === undefined ? '' : `${periodTextSql(every, 'period_number')} AS period, `;
  const times = spansSql(plan).map((span) => `${QUANTILES}If(${LEVELS})(${span})`);
  const figures = `SELECT ${period}${countsSql(plan)}${timeColumns(times)}\nFROM best`;
  return every === undefined
    ? figures
    : `${figures}\nWHERE reached >= 1\nGROUP BY period_number\nORDER BY period_number`;
}

/** Which values are among the top is known when all are: until then times are kept as states of their quantiles. */
function groupedSql(plan: FunnelPlan): string {
  const { every, top = DEFAULT_TOP } = plan.question;
  const period = every === undefined ? [] : ['period_number'];
  const spans = spansSql(plan);
  const values = `SELECT ${['value', ...period].join(', ')}, countIf(reached >= 1) AS weight, ${countsSql(plan)}${spans
    .map((span, index) => `,\n  ${QUANTILES}IfState(${LEVELS})(${span}) AS time_${index}`)
    .join('')}
FROM best WHERE reached >= 1 GROUP BY ${['value', ...period].join(', ')}`;
  const times = spans.map((_, index) => `${QUANTILES}IfMerge(${LEVELS})(time_${index})`);
  return `SELECT ${groupKeySql(top)}, ${every === undefined ? '' : `${periodTextSql(every, 'period_number')} AS period, `}sumForEach(v.counts) AS counts${timeColumns(times)}
FROM (${placedSql(values, top)}) AS v
GROUP BY ${['place', ...period].join(', ')}
ORDER BY ${['place', ...period].join(', ')}`;
}

function countsSql({ question }: FunnelPlan): string {
  return `[${question.steps.map((_, index) => `countIf(reached >= ${index + 1})`).join(', ')}] AS counts`;
}

/** Interpolated between the two values nearest. */
const QUANTILES = 'quantilesExactInclusive';
const LEVELS = TIME_QUANTILES.join(', ');

/** With `times`: what each step took, and last what all took, each with the condition that it was done. */
function spansSql({ question, last }: FunnelPlan): readonly string[] {
  if (!question.times) return [];
  const span = (to: number, from: number) => `step_ats[${to}] - step_ats[${from}], reached = ${last}`;
  return [...question.steps.slice(1).map((_, index) => span(index + 2, index + 1)), span(last, 1)];
}

function timeColumns(times: readonly string[]): string {
  return times.length === 0
    ? ''
    : `,\n  [${times.slice(0, -1).join(', ')}] AS betweenMs,\n  ${times.at(-1)} AS wholeMs`;
}
