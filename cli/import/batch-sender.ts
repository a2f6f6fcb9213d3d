import type { Delivery } from '../delivery.ts';
import { CommandError } from '../usage-error.ts';
import type { Batch, OutboundRow } from './outbox.ts';
import type { RowRefusal } from './source.ts';
import type { Subject } from './subject.ts';

const USER_AGENT = 'cairn-import';

export type BatchSenderOptions = {
  readonly subject: Subject;
  readonly appId: string;
  readonly delivery: Delivery;
  readonly signal: AbortSignal;
  /** Called for each row that the collector refuses. */
  readonly onRefused: (row: OutboundRow, refusal: RowRefusal) => Promise<void>;
};

export type Sent = { readonly accepted: number; readonly retries: number };

type Verdict = RowRefusal & { readonly index: number };
type Document = { error?: string; message?: string; rejected?: readonly Verdict[] };

/**
 * Sends the rows of a batch until each has its verdict. One that is too large as a whole is halved; rows that the
 * collector leaves for another request are sent again. Throws CommandError where the collector refuses all of it
 * for what is no fault of a row, such as an unknown app id.
 */
export async function sendBatch(batch: Batch, options: BatchSenderOptions): Promise<Sent> {
  const { subject, appId, delivery, signal, onRefused } = options;
  const prefix = `{"app_id":${JSON.stringify(appId)},${JSON.stringify(subject.list)}:[`;
  const groups: Batch[] = [batch];
  let accepted = 0;
  let retries = 0;
  for (let group = groups.shift(); group !== undefined; group = groups.shift()) {
    const rows = group;
    const body = () => `${prefix}${rows.map(({ json }) => json).join(',')}]}`;
    const delivered = await delivery.deliver({ path: subject.path, userAgent: USER_AGENT, body }, signal);
    retries += delivered.retries;
    const { status, text } = delivered.answer;
    if (status === 413) {
      if (rows.length === 1) await onRefused(rows[0]!, read(text, 'body_too_large'));
      else groups.unshift(rows.slice(0, rows.length / 2), rows.slice(rows.length / 2));
      continue;
    }
    const verdicts = verdictsOf(status, text, subject);
    const again: OutboundRow[] = [];
    for (const { index, code, message } of verdicts) {
      const row = rows[index];
      if (row === undefined)
        throw new CommandError(`Cannot read the collector's answer: it refuses row ${index}`);
      if (code === 'batch_too_large' && rows.length > 1) again.push(row);
      else await onRefused(row, { code, message });
    }
    accepted += rows.length - verdicts.length;
    if (again.length > 0) groups.unshift(again);
  }
  return { accepted, retries };
}

function verdictsOf(status: number, text: string, subject: Subject): readonly Verdict[] {
  if (status === 200 && (text === '{}' || text === 'OK')) return [];
  const { rejected } = parse(text);
  if (Array.isArray(rejected) && (status === 200 || status === 400)) return rejected;
  throw new CommandError(
    `Cannot send ${subject.name}: ${subject.path} answered ${status} ${text.slice(0, 500)}`,
  );
}

function read(text: string, code: string): RowRefusal {
  const { message } = parse(text);
  return { code, message: message ?? 'Cannot accept the row: it is larger than a request may be' };
}

function parse(text: string): Document {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}
