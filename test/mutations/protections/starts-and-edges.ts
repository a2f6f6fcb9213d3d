import type { Protection } from '../protection.ts';

const REFUSALS_TEST = 'test/pipeline/refusals.test.ts';
const RESTORE = 'lib/streams/restore-task.ts';
const PUBLISHER = 'services/collector/shell/kafka-publisher.ts';
const ACCOUNTING_TEST = 'cli/verify/accounting.test.ts';
const ONCE_TEST = 'account() counts a record that was put back once, as what became of it in the end';

/** What keeps wrong services from starting, and what holds at the two ends: the collector, and the accounts. */
export const STARTS_AND_EDGES: readonly Protection[] = [
  {
    name: 'retried: a record that was put back is taken by its own generation alone',
    against: 'a replay counts a record and its copy',
    file: 'lib/streams/fold-chunk.ts',
    find: 'if (!isOwn) continue;',
    replace: '',
    testFile: 'lib/streams/fold-chunk.test.ts',
    testName: 'foldChunk() passes over a record that was put back in another generation',
  },
  {
    name: 'retried: a record that was put back is one record in the accounts',
    against: 'verify finds more records than the log holds',
    file: 'cli/verify/accounting.ts',
    find: 'if (name !== RETRY_TAKEN) counted += count;',
    replace: 'counted += count;',
    testFile: ACCOUNTING_TEST,
    testName: ONCE_TEST,
  },
  {
    name: 'retried: a record that was put back is no longer rejected',
    against: 'verify counts a record as rejected and as loaded',
    file: 'cli/verify/accounting.ts',
    find: "if (taken > 0) kindOf(kinds, 'unknown').rejected -= taken;",
    replace: '',
    testFile: ACCOUNTING_TEST,
    testName: ONCE_TEST,
  },
  {
    name: 'retried: a letter that was put back is no longer counted',
    against: 'verify counts a record that was loaded in the end as a dead letter, too',
    file: 'cli/verify/read-log.ts',
    find: "stage !== 'identity-merger' && retried === undefined",
    replace: "stage !== 'identity-merger'",
    testFile: 'cli/verify/read-log.test.ts',
    testName: 'refusalsOf() counts no letter that was put back, and none of another generation',
  },
  {
    name: 'collector: an idempotent producer',
    against: 'a send that is repeated because its answer was lost is in the log twice',
    file: PUBLISHER,
    find: 'idempotent: true,',
    replace: 'idempotent: false,',
    testFile: 'test/faults/collector.test.ts',
  },
  {
    name: 'collector: acknowledged by all replicas in sync',
    against: 'what was answered 200 is lost with one broker',
    file: PUBLISHER,
    find: 'acks: -1,',
    replace: 'acks: 1,',
    testFile: 'test/faults/collector.test.ts',
  },
  {
    name: 'start: no loader where the table is ahead of the committed position',
    against: 'what was loaded is loaded again',
    file: 'services/loader/shell/start-check.ts',
    find: 'if (ahead === undefined || Number(ahead.rows) === 0) continue;',
    replace: 'if (ahead !== null) continue;',
    testFile: REFUSALS_TEST,
    testName: 'a loader whose offsets were set back refuses to start',
  },
  {
    name: 'start: no loader from another cluster',
    against: 'rows of two logs under the same offsets',
    file: 'services/loader/shell/cluster-check.ts',
    find: 'if (known === undefined || known.id === clusterId) return;',
    replace: 'if (clusterId) return;',
    testFile: REFUSALS_TEST,
    testName: 'a loader refuses to load from another Kafka cluster than the one its rows come from',
  },
  {
    name: 'start: no stage on a log that no longer reaches back to its position',
    against: 'records are passed over in silence',
    file: RESTORE,
    find: 'if (position < start) {',
    replace: 'if (position < -9n) {',
    testFile: REFUSALS_TEST,
    testName: 'a stage refuses a log that no longer reaches back to what it has committed',
  },
  {
    name: 'start: no stage on a log that ends before its position',
    against: 'records of another log are passed over in silence until it is as long',
    file: RESTORE,
    find: 'if (position <= end) return;',
    replace: 'if (end >= 0n) return;',
    testFile: 'test/faults/tasks.test.ts',
    testName: 'a task does not open where the log ends before what was committed: it is another',
  },
  {
    name: 'start: no service with another number of partitions',
    against: 'records are looked for, and written, in the wrong place',
    file: 'lib/kafka/ensure-topics.ts',
    find: 'if (problems.length > 0) throw new ConfigError(problems);',
    replace: '',
    testFile: REFUSALS_TEST,
    testName: 'no service starts with another number of partitions than its topics have',
  },
  {
    name: 'start: no service for a generation that was dropped',
    against: 'rows and topics of a generation that is gone come back',
    file: 'lib/generations/open-generation.ts',
    find: 'if (own !== undefined && own.dropped_at !== 0) {',
    replace: 'if (own === null) {',
    testFile: REFUSALS_TEST,
    testName: 'no service starts for a generation that was dropped, and its topics are not made again',
  },
];
