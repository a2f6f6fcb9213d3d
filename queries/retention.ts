import { eventRows } from './event-rows.ts';
import { Parameters } from './parameters.ts';
import { periodNumberSql, periodTextSql } from './periods.ts';
import type { Query } from './query.ts';
import { DEFAULT_TOP, type RetentionQuestion } from './questions.ts';
import { checkTop, groupKeySql, placedSql } from './top-values.ts';

/** Periods that may be watched. */
export const MOST_PERIODS = 366;

/**
 * Subjects by the period of their start, and how many of them did `back` in that period (n = 0) and in each one after it.
 * The answer's rows are RetentionRow.
 *
 * Only what is in the range counts, for `first ever` too: that looks before it for earlier starts and for nothing else. Periods are
 * those of the calendar, so whoever started late in the evening has a short first day, and a `back` in the first
 * period counts whether it was before or after the start. `in or after` counts whoever came back in the period or at any time after
 * it in the range. Brackets 0, 1, 3 of 7 periods are 0, 1 to 2 and 3 to 7.
 *
 * With `by` a subject counts under the value of its first start in the cohort's period. The top values are those with
 * most subjects, added up over cohorts.
 *
 * Throws RangeError where the question cannot be asked.
 */
export function retentionQuery(question: RetentionQuestion): Query {
  const { start, back, every, cohorts, subject, by, fromMs, top = DEFAULT_TOP } = question;
  if (subject === 'session') {
    throw new RangeError(
      'Cannot ask which sessions came back: a session is one visit; want users or accounts',
    );
  }
  checkTop(top);
  const parameters = new Parameters();
  const rows = eventRows(question, parameters, {
    matches: [start, back],
    values: by === undefined ? [] : [by],
    subject,
    ...(cohorts === 'first ever' ? { read: { fromMs: undefined, toMs: question.toMs } } : {}),
  });
  // Where everything that ever happened is read, only what is in the range counts.
  const since =
    cohorts === 'first ever' && fromMs !== undefined ? parameters.add(fromMs, 'Int64') : undefined;
  const firsts = parameters.add(firstsOf(question), 'Array(Int64)');
  const split = by !== undefined;
  return {
    sql: `WITH subjects AS
(
  SELECT
    ${startsSql(question)} AS starts,
    groupUniqArrayIf(period, bitTest(mask, 1)${since === undefined ? '' : ` AND at >= ${since}`}) AS backs
  FROM (SELECT *, ${periodNumberSql(every, 'at')} AS period FROM (${rows}))
  GROUP BY subject
  HAVING countIf(bitTest(mask, 0)) > 0${since === undefined ? '' : ` AND minIf(at, bitTest(mask, 0)) >= ${since}`}
),
cohorts AS
(
  SELECT start.1 AS number${split ? ', start.2 AS value' : ''}, count() AS weight,
    sumMap(reached, arrayMap(figure -> 1, reached)) AS came
  FROM (SELECT start, ${reachedSql(question, firsts)} AS reached FROM subjects ARRAY JOIN starts AS start)
  GROUP BY number${split ? ', value' : ''}
)
SELECT ${periodTextSql(every, 'number')} AS cohort${split ? ', value, others' : ''}, users,
  arrayMap((figure, first) -> if(has(counts.1, figure), counts.2[indexOf(counts.1, figure)],
    if(number + first > ${lastNumberSql(question, parameters)}, NULL, 0)), arrayEnumerate(${firsts}), ${firsts}) AS returned
FROM (
  SELECT number${split ? ', place' : ''}, sum(weight) AS users, sumMap(came) AS counts${split ? `, ${groupKeySql(top)}` : ''}
  FROM ${split ? `(${placedSql('SELECT * FROM cohorts', top)})` : 'cohorts'}
  GROUP BY number${split ? ', place' : ''}
)
ORDER BY number${split ? ', place' : ''}`,
    params: parameters.values,
  };
}

/** The first period of each figure. */
function firstsOf({ counts, periods }: RetentionQuestion): readonly number[] {
  if (!Number.isInteger(periods) || periods < 1 || periods > MOST_PERIODS) {
    throw new RangeError(
      `Cannot ask for retention: want 1 to ${MOST_PERIODS} periods, current number is ${periods}`,
    );
  }
  if (typeof counts === 'string') return Array.from({ length: periods + 1 }, (_, n) => n);
  const { brackets } = counts;
  const ascending = brackets.every(
    (first, n) => Number.isInteger(first) && first <= periods && (n === 0 || first > (brackets[n - 1] ?? 0)),
  );
  if (brackets[0] !== 0 || !ascending) {
    throw new RangeError(
      `Cannot ask for retention in brackets: want their first periods, ascending from 0 to at most ${periods}, current ones are ${JSON.stringify(brackets)}`,
    );
  }
  return brackets;
}

/**
 * The figures that a subject of a cohort counts in: an array of their places, from 1, each once. Asking of each figure whether the
 * subject counts in it takes several times as long where there are many.
 */
function reachedSql({ counts, periods }: RetentionQuestion, firsts: string): string {
  if (counts === 'in or after') {
    return `range(1, toUInt64(greatest(least(arrayMax(backs) - start.1, ${periods}), -1) + 2))`;
  }
  const later = `arrayFilter(n -> n >= 0 AND n <= ${periods}, arrayMap(period -> period - start.1, backs))`;
  return counts === 'in'
    ? `arrayMap(n -> toUInt64(n + 1), ${later})`
    : `arrayDistinct(arrayMap(n -> toUInt64(arrayCount(first -> first <= n, ${firsts})), ${later}))`;
}

/** The cohorts of a subject: an array of the number of each one's period and, with `by`, the value there. */
function startsSql({ cohorts, by }: RetentionQuestion): string {
  if (cohorts === 'every') {
    return by === undefined
      ? 'arrayMap(number -> tuple(number), groupUniqArrayIf(period, bitTest(mask, 0)))'
      : `arrayMap(start -> (start.1, start.4), arrayCompact(start -> start.1,
      arraySort(groupArrayIf((period, at, event_id, value_0), bitTest(mask, 0)))))`;
  }
  return by === undefined
    ? '[tuple(minIf(period, bitTest(mask, 0)))]'
    : '[argMinIf((period, value_0), (at, event_id), bitTest(mask, 0))]';
}

/** Number of the last period that has begun by the end of the range, and by now. */
function lastNumberSql({ every, toMs }: RetentionQuestion, parameters: Parameters): string {
  const now = 'toUnixTimestamp64Milli(now64(3))';
  const end = toMs === undefined ? now : `least(${parameters.add(toMs, 'Int64')}, ${now})`;
  return periodNumberSql(every, `(${end} - 1)`);
}
