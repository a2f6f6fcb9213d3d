import type { Environment } from '#lib/config/environments.ts';
import { MAX_TEXT } from '../../services/collector/core/text.ts';
import { Delivery } from '../delivery.ts';
import { sendBatch } from './batch-sender.ts';
import type { ImportProgress } from './import-progress.ts';
import { type Batch, type OutboundRow, Outbox } from './outbox.ts';
import type { RejectedFile } from './rejected-file.ts';
import { checkRows } from './row-check.ts';
import type { RowMapping } from './row-mapping.ts';
import { isRefusedRow, type Source, type SourceRow } from './source.ts';
import type { Subject } from './subject.ts';
import type { TypeHints } from './type-hints.ts';

/** Most rows of a request: what Heap and the collector take. */
const MOST_ROWS = 1000;
/** Characters of a request: well below what a collector takes by default. */
const MOST_CHARACTERS = 1_000_000;
/** A collector answers within 10 s, if only that it cannot take more; so no attempt outlives the next. */
const ANSWER_TIMEOUT_MS = 60_000;
const SAMPLE_ROWS = 3;

export type ImportJob = {
  readonly subject: Subject;
  readonly source: Source;
  readonly mapping: RowMapping;
  readonly fromRow: number;
  readonly rejected: RejectedFile;
  readonly progress: ImportProgress;
  readonly signal: AbortSignal;
};

export type ImportOutcome = {
  /** Rows read, from `fromRow` on. */
  readonly rows: number;
  readonly accepted: number;
  readonly retries: number;
  /** How many of the rows the collector changes, by how: `value_truncated` and the like. */
  readonly changed: ReadonlyMap<string, number>;
  /** First row that is not known to be in the log: where another run goes on. */
  readonly nextRow: number;
  readonly complete: boolean;
  /** Why it is not complete; undefined where it is, or was stopped. */
  readonly failure: unknown;
};

export type DryOutcome = ImportOutcome & { readonly sample: readonly string[] };

/** Sends the rows to the collector, a few requests at a time, until the file ends or the signal is aborted. */
export async function sendRows(
  job: ImportJob,
  to: {
    readonly url: string;
    readonly environment: Environment;
    readonly appId: string;
    readonly connections: number;
    readonly patienceMs: number;
  },
): Promise<ImportOutcome> {
  const { url, environment, appId, connections, patienceMs } = to;
  const { subject, rejected } = job;
  const delivery = new Delivery({ url, connections, patienceMs, timeoutMs: ANSWER_TIMEOUT_MS });
  const failed = new AbortController();
  const signal = AbortSignal.any([job.signal, failed.signal]);
  const changed = new Map<string, number>();
  let accepted = 0;
  let retries = 0;
  const outbox = new Outbox(connections, async (batch) => {
    try {
      const sent = await sendBatch(batch, {
        subject,
        appId,
        delivery,
        signal,
        onRefused: ({ row, values }, refusal) => rejected.add(row, refusal, values),
      });
      accepted += sent.accepted;
      retries += sent.retries;
      // The collector does not say what it has changed.
      const long = batch.filter(({ json }) => mayChange(json));
      if (long.length > 0) add(changed, checkRows(long, subject, environment, Date.now()).changed);
    } catch (error) {
      failed.abort(error);
      throw error;
    }
  });
  try {
    const read = await readBatches(
      job,
      (batch) => outbox.add(batch),
      () => outbox.firstUnanswered,
    );
    let { failure } = read;
    await outbox.drain().catch((error) => {
      failure ??= error;
    });
    const isStopped = job.signal.aborted;
    return {
      rows: read.rows,
      accepted,
      retries,
      changed,
      nextRow: outbox.firstUnanswered ?? read.nextRow,
      complete: failure === undefined && !isStopped,
      failure: isStopped ? undefined : failure,
    };
  } finally {
    delivery.close();
  }
}

/** Reads and judges the rows as the collector would, and sends nothing. */
export async function tryRows(
  job: ImportJob,
  environment: Environment,
  hints: TypeHints,
): Promise<DryOutcome> {
  const { subject, rejected } = job;
  const sample: string[] = [];
  const changed = new Map<string, number>();
  let accepted = 0;
  const judge = async (batch: Batch) => {
    for (const { json, values } of batch) {
      if (sample.length < SAMPLE_ROWS) sample.push(json);
      hints.look(values);
    }
    const checked = checkRows(batch, subject, environment, Date.now());
    accepted += checked.accepted;
    add(changed, checked.changed);
    for (const { row, refusal } of checked.refused) await rejected.add(row.row, refusal, row.values);
  };
  const { rows, nextRow, failure } = await readBatches(job, judge, () => undefined);
  const isStopped = job.signal.aborted;
  return {
    rows,
    accepted,
    retries: 0,
    nextRow,
    complete: failure === undefined && !isStopped,
    failure: isStopped ? undefined : failure,
    changed,
    sample,
  };
}

/** Whether the text of a row may hold what the collector cuts or replaces: most rows are too short for the one. */
function mayChange(json: string): boolean {
  return json.length > MAX_TEXT || json.includes('\\ud');
}

function add(changed: Map<string, number>, more: ReadonlyMap<string, number>): void {
  for (const [flag, rows] of more) changed.set(flag, (changed.get(flag) ?? 0) + rows);
}

/** Reads the file into batches; stops at its end, at the signal, or where reading or taking a batch fails. */
async function readBatches(
  { source, mapping, subject, fromRow, rejected, progress, signal }: ImportJob,
  take: (batch: Batch) => Promise<void>,
  firstUnanswered: () => number | undefined,
): Promise<{ rows: number; nextRow: number; failure: unknown }> {
  let batch: OutboundRow[] = [];
  let characters = 0;
  let rows = 0;
  let nextRow = fromRow;
  const flush = async () => {
    if (batch.length === 0) return;
    const full = batch;
    batch = [];
    characters = 0;
    await take(full).catch((error) => {
      batch = full;
      throw error;
    });
  };
  const takeRow = async (source: SourceRow) => {
    rows += 1;
    const { row } = source;
    if (isRefusedRow(source)) {
      await rejected.add(row, source.refusal, source.text);
    } else {
      const { values } = source;
      const mapped = mapping.map(values);
      if ('code' in mapped) {
        await rejected.add(row, mapped, values);
      } else {
        const json = JSON.stringify({ [subject.idField]: mapped.id, properties: mapped.properties });
        if (characters + json.length > MOST_CHARACTERS) await flush();
        batch.push({ row, id: String(mapped.id), json, values });
        characters += json.length;
      }
    }
    nextRow = row + 1;
  };
  let failure: unknown;
  try {
    for await (const some of source.rows) {
      for (const one of some) {
        if (one.row < fromRow) continue;
        if (signal.aborted) return { rows, nextRow: batch[0]?.row ?? nextRow, failure: undefined };
        await takeRow(one);
        if (batch.length === MOST_ROWS) await flush();
      }
      const standing = firstUnanswered() ?? batch[0]?.row ?? nextRow;
      progress.tell({ rows, rejected: rejected.count, nextRow: standing, share: source.share() });
    }
    await flush();
  } catch (error) {
    failure = error;
  }
  return { rows, nextRow: batch[0]?.row ?? nextRow, failure };
}
