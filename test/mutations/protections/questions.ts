import type { Protection } from '../protection.ts';

/** Questions: what they may do to the server, and what makes their answers ones. */
export const QUESTIONS: readonly Protection[] = [
  {
    name: 'questions: text from outside is a parameter',
    against: 'a condition that writes SQL into its query',
    file: 'queries/condition-sql.ts',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source code
    find: "return `ifNull(startsWith(${column}, ${parameters.add(condition.value, 'String')}), 0)`;",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source code
    replace: "return `ifNull(startsWith(${column}, '${condition.value}'), 0)`;",
    testFile: 'queries/hostile-text.test.ts',
  },
  {
    name: 'questions: properties of two scopes are two',
    against: 'a property of events named field.path that is taken for the path',
    file: 'queries/property-ref.ts',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source code
    find: '  return `${of}.${name}`;\n}\n',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source code
    replace: "  return of === 'event' ? name : `${of}.${name}`;\n}\n",
    testFile: 'queries/check-names.test.ts',
    testName: 'namesOf() tells properties apart that are written alike',
  },
  {
    name: 'questions: they may only read',
    against: 'a query that writes',
    file: 'queries/limits.ts',
    find: "    readonly: '2',",
    replace: "    readonly: '0',",
    testFile: 'queries/ask-clickhouse.test.ts',
  },
  {
    name: 'questions: a large one goes to disk',
    against: 'a question that fails for want of memory',
    file: 'queries/limits.ts',
    find: '    max_bytes_before_external_group_by: String(spillBytes),',
    replace: "    max_bytes_before_external_group_by: '0', max_bytes_ratio_before_external_group_by: 0,",
    testFile: 'queries/ask-clickhouse.test.ts',
    testName: 'askWithin() goes to disk where a question is large, instead of failing',
  },
  {
    name: 'questions: one that is given up is stopped',
    against: 'a query that goes on when nobody waits for it',
    file: 'queries/ask-clickhouse.ts',
    find: "      query: 'KILL QUERY WHERE query_id = {id:String} ASYNC',",
    replace: "      query: 'SELECT {id:String}',",
    testFile: 'queries/ask-clickhouse.test.ts',
    testName: 'askWithin() tells how far a question is, and stops it on the server',
  },
  {
    name: 'questions: names are looked up',
    against: 'a wrong name that looks like an answer',
    file: 'queries/answer.ts',
    find: '  if (problems.length > 0) throw',
    replace: '  if (problems.length > 999) throw',
    testFile: 'test/pipeline/question-commands.test.ts',
  },
];
