import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_LIMITS, failureText, limitSettings } from './limits.ts';

const said: readonly [type: string, message: string, text: string | undefined][] = [
  [
    'TIMEOUT_EXCEEDED',
    'Timeout exceeded: elapsed 60000.154 ms, maximum: 60000 ms. ',
    'The question took longer than 60 s: ask about a shorter range (from, to) or fewer users (among), or raise CAIRN_QUERY_MAX_SECONDS or --max-seconds',
  ],
  [
    'MEMORY_LIMIT_EXCEEDED',
    'Query memory limit exceeded: would use 4.10 GiB (attempt to allocate chunk of 64.00 MiB), maximum: 4.00 GiB. Untracked memory across all threads: 2.31 MiB: While executing AggregatingTransform. ',
    'The question needs more than 4096 MiB of memory: ask about a shorter range (from, to) or fewer users (among), or raise CAIRN_QUERY_MAX_MEMORY_BYTES',
  ],
  [
    'MEMORY_LIMIT_EXCEEDED',
    'Memory limit (total) exceeded: would use 7.81 GiB. OvercommitTracker decision: Query was selected to stop. ',
    'ClickHouse has no more memory for the question: ask about a shorter range (from, to) or fewer users (among), or ask again when less is going on (Memory limit (total) exceeded: would use 7.81 GiB)',
  ],
  [
    'TOO_MANY_ROWS',
    "Limit for rows (controlled by 'max_rows_to_read' setting) exceeded, max rows: 10.00 billion, current rows: 30.00 billion. ",
    'The question reads more than 10000000000 rows: ask about a shorter range (from, to) or fewer users (among), or raise CAIRN_QUERY_MAX_ROWS',
  ],
  [
    'TOO_MANY_ROWS_OR_BYTES',
    'Limit for result exceeded, max rows: 1.00 million, current rows: 65.41 million. ',
    'The answer has more than 1000000 rows: ask for longer periods (every) or fewer values (top), or raise CAIRN_QUERY_MAX_RESULT_ROWS',
  ],
  [
    'CANNOT_COMPILE_REGEXP',
    'OptimizedRegularExpression: cannot compile re2: (?<=a)b, error: invalid perl operator: (?<=. Look at https://github.com/google/re2/wiki/Syntax for reference. Please note that: In scope SELECT 1. ',
    'Cannot read the expression "(?<=a)b": invalid perl operator: (?<=; RE2 can look neither ahead nor behind (https://github.com/google/re2/wiki/Syntax)',
  ],
  [
    'CANNOT_COMPILE_REGEXP',
    'OptimizedRegularExpression: cannot compile re2: a. (b, error: missing ): a. (b. Look at https://github.com/google/re2/wiki/Syntax for reference.',
    'Cannot read the expression "a. (b": missing ): a. (b (https://github.com/google/re2/wiki/Syntax)',
  ],
  [
    'UNKNOWN_IDENTIFIER',
    'Unknown expression identifier `nosuch` in scope SELECT nosuch FROM numbers(1). ',
    'There is no property or column "nosuch"',
  ],
  [
    'UNKNOWN_DATABASE',
    'Database shop does not exist. ',
    'There is nothing of this environment in ClickHouse yet: its database comes when the loader starts (Database shop does not exist)',
  ],
  [
    'READONLY',
    "Cannot modify 'max_execution_time' setting in readonly mode. ",
    "ClickHouse lets this user set no limits (Cannot modify 'max_execution_time' setting in readonly mode): give it readonly = 2 instead of 1",
  ],
  ['QUERY_WAS_CANCELLED', 'Query was cancelled', 'The question was stopped'],
  ['SYNTAX_ERROR', 'Syntax error', undefined],
];

for (const [type, message, text] of said) {
  test(`failureText() says what to do about ${type}, ${message.slice(0, 50)}`, () => {
    assert.equal(failureText({ type, message }, DEFAULT_LIMITS), text);
  });
}

test('limitSettings() lets a question read, go to disk, and take no more than it may', () => {
  const settings = limitSettings({ ...DEFAULT_LIMITS, maxSeconds: 7, maxMemoryBytes: 3_000_000_000 });
  assert.equal(settings['readonly'], '2');
  assert.equal(settings['max_execution_time'], 7);
  assert.equal(settings['max_memory_usage'], '3000000000');
  assert.equal(settings['max_bytes_before_external_group_by'], '1000000000');
  assert.deepEqual(
    Object.keys(settings).filter((name) => name.endsWith('_overflow_mode')),
    ['timeout_overflow_mode', 'read_overflow_mode', 'result_overflow_mode'],
  );
});
