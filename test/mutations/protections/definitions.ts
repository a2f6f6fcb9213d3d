import type { Protection } from '../protection.ts';

/** Definitions: which elements a selector means, and what a view's text holds. */
export const DEFINITIONS: readonly Protection[] = [
  {
    name: 'definitions: a text of a selector matches itself alone',
    against: 'a class such as b* that is taken for an expression',
    file: 'queries/definitions/chain-grammar.ts',
    find: "  return text.replace(/[\\\\^$.*+?()[\\]{}|]/g, '\\\\$&');",
    replace: '  return text;',
    testFile: 'queries/definitions/selector-pattern.test.ts',
    testName: 'a selector matches the elements that a CSS engine says it does',
  },
  {
    name: 'definitions: a value ends at the first ];',
    against: 'an attribute that is found in the value of another, or in another element',
    file: 'queries/definitions/chain-grammar.ts',
    find: "const OPEN_VALUE = '(?:[^\\\\]]|\\\\]+[^\\\\];])*';",
    replace: "const OPEN_VALUE = '[\\\\s\\\\S]*';",
    testFile: 'queries/definitions/selector-pattern.test.ts',
    testName: 'a selector matches the elements that a CSS engine says it does',
  },
  {
    name: 'definitions: literals are escaped',
    against: 'a definition that writes SQL into its view',
    file: 'lib/clickhouse/sql-text.ts',
    find: `  "'": "\\\\'",`,
    replace: `  "'": "'",`,
    testFile: 'queries/inline-params.test.ts',
    testName: 'inlineParams() writes numbers, texts, lists and identifiers out',
  },
  {
    name: 'definitions: a view that somebody else made is left alone',
    against: 'an apply that replaces it',
    file: 'queries/definitions/definition-plan.ts',
    find: '    if (view !== undefined && !view.comment.startsWith(VIEW_MARK)) {',
    replace: '    if (view?.comment === VIEW_MARK) {',
    testFile: 'queries/definitions/definition-plan.test.ts',
    testName:
      'planDefinitions() renames a definition whose view stays, and refuses to replace what it did not make',
  },
];
