import { eventRows } from './event-rows.ts';
import { parseFormula } from './formula.ts';
import { Parameters } from './parameters.ts';
import { periodNumberSql, periodTextSql } from './periods.ts';
import type { PropertyRef } from './property-ref.ts';
import type { Query } from './query.ts';
import { accountIdColumn } from './question-scope.ts';
import type { Measure, TrendQuestion } from './questions.ts';
import { checkTop, groupKeySql, placedSql } from './top-values.ts';

/** Series a trend may have: each has a letter. */
export const MOST_SERIES = 26;

/**
 * What series measure in each period of the calendar that has events of any. The answer's rows are TrendRow, of which `fillTrend`
 * makes an answer with every period and the formula.
 *
 * Users, accounts and sessions are counted once in each period and, with `by`, once for each value: figures of several periods or
 * values do not add up. Events of nobody's account, or of no session, count in neither. A property is measured where it is a
 * number, or text that is one, and finite. A median of even many is the mean of the middle two.
 *
 * Throws RangeError where the question cannot be asked, and says where the formula is wrong.
 */
export function trendQuery(question: TrendQuestion): Query {
  const { series, every, formula, by, top } = question;
  if (series.length < 1 || series.length > MOST_SERIES) {
    throw new RangeError(
      `Cannot ask for a trend: want 1 to ${MOST_SERIES} series, current number is ${series.length}`,
    );
  }
  checkTop(top);
  if (formula !== undefined) parseFormula(formula, series.length);
  const parameters = new Parameters();
  const values: PropertyRef[] = by === undefined ? [] : [by];
  const measures = series.map(({ measure }, bit) => {
    const property = propertyOf(question, measure);
    const column = `value_${property === undefined ? 0 : values.push(property) - 1}`;
    return { measure, bit, column };
  });
  const rows = eventRows(question, parameters, {
    matches: series.map(({ event }) => event),
    values,
    subject: 'user',
  });
  const split = by !== undefined;
  const states = measures.map(({ measure, bit, column }) => {
    const { name, parameter = '', argument } = aggregateOf(measure, column);
    const list = [...(argument === undefined ? [] : [argument]), fitSql(measure, bit)].join(', ');
    return `${name}IfState${parameter}(${list}) AS measure_${bit}`;
  });
  const merged = measures.map(({ measure, bit, column }) => {
    const { name, parameter = '' } = aggregateOf(measure, column);
    const figure = `toFloat64OrNull(toString(${name}IfMerge${parameter}(measure_${bit})))`;
    return measure.of === 'sum' ? `ifNull(${figure}, 0)` : figure;
  });
  const counted = `SELECT number${split ? ', value' : ''}, count() AS weight, ${states.join(', ')}
  FROM (SELECT *, ${periodNumberSql(every, 'at')} AS number${split ? ', value_0 AS value' : ''} FROM (${rows}))
  GROUP BY number${split ? ', value' : ''}`;
  return {
    sql: `SELECT ${periodTextSql(every, 'number')} AS period${split ? `, ${groupKeySql(top)}` : ''}, sum(weight) AS events,
  [${merged.join(', ')}] AS measures
FROM (${split ? placedSql(counted, top) : counted})
GROUP BY number${split ? ', place' : ''}
ORDER BY number${split ? ', place' : ''}`,
    params: parameters.values,
  };
}

/** The property that a measure needs of each event. */
function propertyOf(question: TrendQuestion, measure: Measure): PropertyRef | undefined {
  if ('property' in measure) return measure.property;
  return measure.of === 'accounts' ? { of: 'user', name: accountIdColumn(question) } : undefined;
}

type Aggregate = { readonly name: string; readonly parameter?: string; readonly argument?: string };

/** The aggregate function of a measure, without If, State and Merge. */
function aggregateOf({ of }: Measure, column: string): Aggregate {
  const number = `if(isFinite(toFloat64OrNull(${column})), toFloat64OrNull(${column}), NULL)`;
  switch (of) {
    case 'events':
      return { name: 'count' };
    case 'users':
      return { name: 'uniqExact', argument: 'user_id' };
    case 'accounts':
      return { name: 'uniqExact', argument: `nullIf(${column}, '')` };
    case 'sessions':
      return { name: 'uniqExact', argument: '(device_id, session_id)' };
    case 'sum':
      return { name: 'sum', argument: number };
    case 'average':
      return { name: 'avg', argument: number };
    case 'median':
      return { name: 'quantileExactInclusive', parameter: '(0.5)', argument: number };
    case 'least':
      return { name: 'min', argument: number };
    case 'most':
      return { name: 'max', argument: number };
  }
}

/** Whether a row counts in a series. */
function fitSql({ of }: Measure, bit: number): string {
  return of === 'sessions' ? `bitTest(mask, ${bit}) AND session_id != 0` : `bitTest(mask, ${bit})`;
}
