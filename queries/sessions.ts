import { memberSql } from './cohort-members.ts';
import { rangeConditions } from './event-scope.ts';
import { Parameters } from './parameters.ts';
import { periodNumberSql, periodTextSql } from './periods.ts';
import type { Query } from './query.ts';
import { DEFAULT_TOP, type SessionsQuestion } from './questions.ts';
import { checkTop, groupKeySql, placedSql } from './top-values.ts';
import { readersColumnSql, userPropertySql } from './user-property.ts';

/** Figures, by their columns: the aggregate function without State and Merge, and of what. */
const FIGURES = [
  ['sessions', 'count', ''],
  ['users', 'uniqExact', 'user_id'],
  ['median_duration_s', 'quantileExact', 'duration_s', '(0.5)'],
  ['average_duration_s', 'avg', 'duration_s'],
  ['events_per_session', 'avg', 'event_count'],
  ['pageviews_per_session', 'avg', 'pageview_count'],
  ['bounced', 'countIf', 'event_count = 1'],
] as const;

/** Figures that are there where no session is. */
const COUNTS: readonly string[] = ['sessions', 'users', 'bounced'];

/**
 * Figures of the sessions that started in the range: of all, by the period of their start, by a property, or by both. The answer's
 * rows are SessionsRow. A session's events are all it has, those after the range too; whom it belongs to, and a property of the user
 * or the account, is what is known now. Of even many durations the median is the longer of the middle two.
 *
 * Throws RangeError where the question cannot be asked.
 */
export function sessionsQuery(question: SessionsQuestion): Query {
  const { database, among, every, by, top = DEFAULT_TOP } = question;
  checkTop(top);
  const parameters = new Parameters();
  const conditions = [
    ...rangeConditions(question, parameters),
    ...(among === undefined ? [] : [memberSql(question, parameters, among)]),
  ];
  const keys = [...(every === undefined ? [] : ['number']), ...(by === undefined ? [] : ['value'])];
  const places = [...(every === undefined ? [] : ['number']), ...(by === undefined ? [] : ['place'])];
  const grouped = (by: readonly string[]) => (by.length === 0 ? '' : `\nGROUP BY ${by.join(', ')}`);
  const visits = `SELECT user_id, dateDiff('millisecond', time, ended_at) / 1000 AS duration_s, event_count, pageview_count${
    every === undefined ? '' : `, ${periodNumberSql(every, 'toUnixTimestamp64Milli(time)')} AS number`
  }${by?.of === 'session' ? `, ${readersColumnSql(by.name, parameters)} AS value` : ''}
  FROM ${parameters.add(database, 'Identifier')}.sessions${conditions.length === 0 ? '' : `\n  WHERE ${conditions.join(' AND ')}`}`;
  const joined =
    by === undefined || by.of === 'session'
      ? `(${visits})`
      : `(${visits}) AS visits LEFT ANY JOIN (${userPropertySql(question, parameters, by)}) AS people ON user_id = person`;
  const states = FIGURES.map(
    ([column, name, of, parameter = '']) => `${name}State${parameter}(${of}) AS state_of_${column}`,
  );
  const counted = `SELECT ${[...keys, 'count() AS weight', ...states].join(', ')}
  FROM ${joined}${grouped(keys)}`;
  const figures = FIGURES.map(([column, name, _of, parameter = '']) => {
    const merged = `${name}Merge${parameter}(state_of_${column})`;
    return `${COUNTS.includes(column) ? merged : `if(sessions = 0, NULL, ${merged})`} AS ${column}`;
  });
  return {
    sql: `SELECT ${[
      ...(every === undefined ? [] : [`${periodTextSql(every, 'number')} AS period`]),
      ...(by === undefined ? [] : [groupKeySql(top)]),
      ...figures,
    ].join(',\n  ')}
FROM (${by === undefined ? counted : placedSql(counted, top)})${grouped(places)}${places.length === 0 ? '' : `\nORDER BY ${places.join(', ')}`}`,
    params: parameters.values,
  };
}
