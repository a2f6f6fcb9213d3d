import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { startClickHouse } from '#infra/embedded/clickhouse.ts';
import { pickFreePort } from '#infra/embedded/ports.ts';
import { type ClickHouse, createClickHouse } from '#lib/clickhouse/client.ts';
import { DEFAULT_ENVIRONMENTS, type Environment } from '#lib/config/environments.ts';
import { DEFAULT_LIMITS, limitSettings } from '#queries/limits.ts';
import { ANSWER_QUESTIONS, type AnswerQuestion, RESOLVED_TABLE } from './answer-questions.ts';
import { fillHistory, type HistorySize } from './fill-history.ts';
import { writeViews } from './fill-tables.ts';
import type { Surroundings } from './own-stack.ts';

export type AnswersBenchOptions = Surroundings &
  HistorySize & {
    /** Keeps the filled tables, or finds them there; undefined = a directory that is gone afterwards. */
    readonly dataDir: string | undefined;
  };

export type AnswerForm = 'asked' | 'resolved' | 'scan' | 'joined';

export type AnswerFigures = {
  readonly name: string;
  /** Median of some runs; null where it took more than it may. */
  readonly ms: Readonly<Record<AnswerForm, number | null>>;
};

export type AnswersBench = HistorySize & {
  /** 0 = they were there. */
  readonly fillSeconds: number;
  readonly runs: number;
  readonly questions: readonly AnswerFigures[];
  readonly loadAverageBefore: number;
  readonly loadAverage: number;
};

const RUNS = 3;
const FORMS: readonly AnswerForm[] = ['asked', 'resolved', 'scan', 'joined'];
/** A fill and a merge of parts take minutes. */
const TIMEOUT_MS = 60 * 60 * 1000;
/** The limits of questions, but for time, and three times the memory: 8 steps over 50 M events need it. */
const SETTINGS = limitSettings({
  ...DEFAULT_LIMITS,
  maxSeconds: 600,
  maxMemoryBytes: 3 * DEFAULT_LIMITS.maxMemoryBytes,
});
/** ClickHouse's number of it, as its refusal says. */
const TOO_MUCH_MEMORY = /error 241\b/;

/** Times questions beside other ways to ask them, in turn, on a ClickHouse of its own with a large history. */
export async function benchAnswers(options: AnswersBenchOptions): Promise<AnswersBench> {
  const { dataDir, signal, progress } = options;
  const directory = dataDir ?? (await mkdtemp(join(tmpdir(), 'cairn-bench-')));
  const server = await startClickHouse({ dataDir: directory, port: await pickFreePort(), signal });
  try {
    return await measure(options, createClickHouse({ url: server.url, timeoutMs: TIMEOUT_MS }));
  } finally {
    progress('stopping');
    await server.stop();
    if (dataDir === undefined) await rm(directory, { recursive: true, force: true });
  }
}

async function measure(options: AnswersBenchOptions, clickHouse: ClickHouse): Promise<AnswersBench> {
  const { events, users, devices, progress, signal } = options;
  const [environment] = DEFAULT_ENVIRONMENTS as readonly [Environment];
  const startedAt = performance.now();
  const isFilled = await writeViews(clickHouse, environment);
  if (!isFilled) {
    await fillHistory(clickHouse, { events, users, devices }, progress);
    progress('storing the same with resolved ids');
    for (const sql of resolvedTableSql())
      await clickHouse.command(sql, { max_partitions_per_insert_block: 0 });
  }
  const fillSeconds = isFilled ? 0 : (performance.now() - startedAt) / 1000;
  const loadAverageBefore = loadavg()[0] ?? 0;
  const questions: AnswerFigures[] = [];
  for (const question of ANSWER_QUESTIONS) {
    signal.throwIfAborted();
    const figures = await timeQuestion(clickHouse, question, progress);
    progress(`${figures.name}: ${JSON.stringify(figures.ms)}`);
    questions.push(figures);
  }
  return {
    ...{ events, users, devices, fillSeconds, runs: RUNS, questions, loadAverageBefore },
    loadAverage: loadavg()[0] ?? 0,
  };
}

/** Sorted as the events are. */
function resolvedTableSql(): readonly string[] {
  const columns = [
    ...['environment', 'user_id', 'device_id', 'session_id', 'event_id', 'time', 'name', 'event_table_name'],
    'properties',
  ].join(', ');
  return [
    `CREATE TABLE ${RESOLVED_TABLE} ENGINE = MergeTree PARTITION BY toYYYYMM(time)
ORDER BY (environment, event_table_name, device_id, time, event_id) AS SELECT ${columns} FROM cairn.resolved_events`,
    `OPTIMIZE TABLE ${RESOLVED_TABLE} FINAL`,
  ];
}

/** The forms in turn, so that whatever else the machine does meets all of them; the first round warms up. */
async function timeQuestion(
  clickHouse: ClickHouse,
  question: AnswerQuestion,
  progress: (text: string) => void,
): Promise<AnswerFigures> {
  const times: Record<AnswerForm, number[]> = { asked: [], resolved: [], scan: [], joined: [] };
  const failed = new Set<AnswerForm>();
  for (let run = 0; run <= RUNS; run += 1) {
    progress(`asking: ${question.name}, ${run} of ${RUNS}`);
    for (const form of FORMS.filter((form) => !failed.has(form))) {
      const startedAt = performance.now();
      try {
        await clickHouse.query(question[form], SETTINGS);
      } catch (error) {
        if (!TOO_MUCH_MEMORY.test(String(error))) throw error;
        failed.add(form);
        continue;
      }
      if (run > 0) times[form].push(performance.now() - startedAt);
    }
  }
  return {
    name: question.name,
    ms: {
      asked: median(times.asked),
      resolved: median(times.resolved),
      scan: median(times.scan),
      joined: median(times.joined),
    },
  };
}

function median(values: readonly number[]): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? null;
}
