import type { Protection } from '../protection.ts';

const CONSUMER = 'services/loader/shell/loading-consumer.ts';
const POSITION = 'services/loader/core/position.ts';
const FAULTS_TEST = 'test/faults/loader.test.ts';
const POSITION_TEST = 'services/loader/core/position.test.ts';
const TOKEN_TEST = 'tokenOf() names generation, topic, partition, range and table';
const AWAKE_TEST =
  'a loader that was put out of its group, even when the group is empty again, loads and sets back nothing';
const REPEAT_TEST = 'an insert that was announced is repeated as it was, though more has come since';

/** What makes the loader insert every record once. */
export const LOADER: readonly Protection[] = [
  {
    name: 'token: every range has its own',
    against: 'ClickHouse takes all inserts after the first for repeated, and ignores them',
    file: POSITION,
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source code
    find: '${range.first}-${range.last}',
    replace: 'range',
    testFile: POSITION_TEST,
    testName: TOKEN_TEST,
  },
  {
    name: 'token: the generation is in it',
    against: 'ClickHouse ignores the rows of a replay whose ranges are those of the live generation',
    file: POSITION,
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source code
    find: '`${generation}:${topic}',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source code
    replace: '`${topic}',
    testFile: POSITION_TEST,
    testName: TOKEN_TEST,
  },
  {
    name: 'token: every insert has one',
    against: 'a repeated insert whose bytes differ is stored twice',
    file: 'services/loader/shell/table-inserter.ts',
    find: 'const settings = { ...INSERT_SETTINGS, insert_deduplication_token: token };',
    replace: 'const settings = INSERT_SETTINGS;',
    testFile: 'test/pipeline/readers-views.test.ts',
    testName: 'the same block under the same token is stored once, over several months',
  },
  {
    name: 'intent: a range is announced before it is inserted',
    against: 'after a crash another range is inserted, under another token: rows are there twice',
    file: CONSUMER,
    find: 'if (intent?.first !== range.first || intent.last !== range.last) {',
    replace: 'if (intent === null) {',
    testFile: FAULTS_TEST,
    testName: REPEAT_TEST,
  },
  {
    name: 'intent: what was announced is inserted first, as it was',
    against: 'after a crash another range is inserted, under another token: rows are there twice',
    file: CONSUMER,
    find: 'planChunks(task.position.next, task.position.intent, read, limits)',
    replace: 'planChunks(task.position.next, undefined, read, limits)',
    testFile: FAULTS_TEST,
    testName: REPEAT_TEST,
  },
  {
    name: 'mend-insert: the rows of a repeated insert are looked for',
    against: 'rows are lost that ClickHouse took for inserted when it died',
    file: 'services/loader/shell/event-loader.ts',
    find: 'if (attempts > 1) {',
    replace: 'if (attempts < 0) {',
    testFile: FAULTS_TEST,
    testName: 'rows that ClickHouse took for inserted when it died are inserted again',
  },
  {
    name: 'commits: through the member of the group',
    against: 'a loader that was put out of its group sets back what its successor has loaded',
    file: CONSUMER,
    find: 'await payload.commitOffsetsIfNecessary({ topics: [{ topic, partitions: [offsets] }] });',
    replace: 'await admin.setOffsets({ groupId, topic, partitions: [offsets] });',
    testFile: FAULTS_TEST,
    testName: AWAKE_TEST,
  },
  {
    name: 'commits: one that is refused ends the work on the partition',
    against: 'a loader that was put out of its group loads what its successor has loaded',
    file: CONSUMER,
    find: 'throw isAnswer(error) ? error : leaveGroup(error as Error);',
    replace: 'if (!isAnswer(error)) throw leaveGroup(error as Error);',
    testFile: FAULTS_TEST,
    testName: AWAKE_TEST,
  },
  {
    name: 'commits: after one without an answer the loader is another member',
    against: 'a commit that arrives late sets the loader back',
    file: CONSUMER,
    find: 'throw isAnswer(error) ? error : leaveGroup(error as Error);',
    replace: 'throw error;',
    testFile: FAULTS_TEST,
    testName: 'an offset commit that arrives late does not set the loader back',
  },
  {
    name: 'isolation: the loader reads what is committed',
    against: 'records of aborted transactions are loaded',
    file: 'services/loader/shell/start-loader.ts',
    find: 'readUncommitted: false,',
    replace: 'readUncommitted: true,',
    testFile: FAULTS_TEST,
    testName: 'no record of an aborted transaction is loaded',
  },
  {
    name: 'generation in the group id of the loader',
    against: 'the loaders of two generations share a group, and its offsets',
    file: 'services/loader/shell/start-loader.ts',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source code
    find: 'const groupId = `loader.g${generation}`;',
    replace: "const groupId = 'loader';",
    testFile: 'test/pipeline/lost-offsets-loader.test.ts',
    testName: 'a loader whose offsets are gone refuses to start',
  },
];
