import { columnName } from '#schemas/names.ts';
import type { Parameters } from './parameters.ts';
import { type PropertyRef, propertyText } from './property-ref.ts';
import { accountIdColumn, type QuestionScope } from './question-scope.ts';

/**
 * Every user with a property of the user or of the user's account, as a subquery without brackets: `person` and `value`,
 * Nullable(String). Throws RangeError where it is a property of something else.
 */
export function userPropertySql(scope: QuestionScope, parameters: Parameters, property: PropertyRef): string {
  const { of, name } = property;
  if (of !== 'user' && of !== 'account') {
    throw new RangeError(
      `Cannot tell users by ${JSON.stringify(propertyText(property))}: want a property of the user or of the account`,
    );
  }
  const database = parameters.add(scope.database, 'Identifier');
  const value = `${readersColumnSql(name, parameters)} AS value`;
  return of === 'user'
    ? `SELECT user_id AS person, ${value} FROM ${database}.users`
    : `SELECT person, value FROM (SELECT user_id AS person, ${accountIdColumn(scope)} AS named FROM ${database}.users) AS people
LEFT ANY JOIN (SELECT account_id AS company, ${value} FROM ${database}.accounts) AS companies ON named = company`;
}

/** A column of a readers' view, by its name or by that of the property as sent, as Nullable(String). */
export function readersColumnSql(name: string, parameters: Parameters): string {
  return `CAST(toString(${parameters.add(columnName(name), 'Identifier')}), 'Nullable(String)')`;
}
