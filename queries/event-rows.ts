import { memberSql } from './cohort-members.ts';
import { matchedRows, type WantedRows } from './matched-rows.ts';
import type { Parameters } from './parameters.ts';
import type { QuestionScope } from './question-scope.ts';

export { MOST_MATCHES, type WantedRows } from './matched-rows.ts';

/**
 * The events a question is about, of the users it is `among`, as a subquery without brackets. Its columns are those of
 * `matchedRows`. Throws RangeError where the question cannot be asked.
 */
export function eventRows(scope: QuestionScope, parameters: Parameters, wanted: WantedRows): string {
  const { among } = scope;
  const members = among === undefined ? undefined : memberSql(scope, parameters, among);
  return matchedRows(scope, parameters, wanted, members);
}
