import type { Cohort, CohortRule } from './cohort.ts';
import { conditionSql } from './condition-sql.ts';
import type { Condition } from './event-match.ts';
import { matchedRows } from './matched-rows.ts';
import type { Parameters } from './parameters.ts';
import type { QuestionScope } from './question-scope.ts';
import { userPropertySql } from './user-property.ts';

/** Rules a cohort may have. */
export const MOST_RULES = 20;

/**
 * Whether a cohort has the user of the column `user_id`, as a condition. Each rule is a set of users of its own, so that
 * whoever reads events need not read all users too. Throws RangeError where a rule says nothing that can be asked.
 */
export function memberSql(scope: QuestionScope, parameters: Parameters, cohort: Cohort): string {
  const { hold, rules } = cohort;
  if (rules.length < 1 || rules.length > MOST_RULES) {
    throw new RangeError(
      `Cannot make a cohort: want 1 to ${MOST_RULES} rules, current number is ${rules.length}`,
    );
  }
  const held = rules.map((rule) =>
    'has' in rule ? haveSql(scope, parameters, rule.has) : didSql(scope, parameters, rule),
  );
  return `(${held.join(hold === 'all' ? '\n  AND ' : '\n  OR ')})`;
}

function didSql(
  scope: QuestionScope,
  parameters: Parameters,
  { did, atLeast, atMost, fromMs, toMs }: Extract<CohortRule, { did: unknown }>,
): string {
  const least = atLeast ?? (atMost === undefined ? 1 : 0);
  const most = atMost ?? Number.MAX_SAFE_INTEGER;
  if (![least, most].every((bound) => Number.isSafeInteger(bound) && bound >= 0) || least > most) {
    throw new RangeError(
      `Cannot ask who did ${JSON.stringify(did.label)} so often: want whole numbers with at least <= at most, current ones are ${least} and ${most}`,
    );
  }
  const rows = matchedRows(scope, parameters, {
    matches: [did],
    subject: 'user',
    read: { fromMs: fromMs ?? scope.fromMs, toMs: toMs ?? scope.toMs },
  });
  const who = (having: string) => `(SELECT user_id FROM (${rows}) GROUP BY user_id HAVING ${having})`;
  const tooOften = atMost === undefined ? '' : `count() > ${parameters.add(atMost, 'UInt64')}`;
  if (least === 0) return tooOften === '' ? '1' : `user_id NOT IN ${who(tooOften)}`;
  return `user_id IN ${who(`count() >= ${parameters.add(least, 'UInt64')}${tooOften === '' ? '' : ` AND NOT ${tooOften}`}`)}`;
}

function haveSql(scope: QuestionScope, parameters: Parameters, condition: Condition): string {
  const people = userPropertySql(scope, parameters, condition.property);
  return `user_id IN (SELECT person FROM (${people}) WHERE ${conditionSql(condition, 'value', parameters)})`;
}
