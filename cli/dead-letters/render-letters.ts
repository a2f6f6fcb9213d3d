import { readRecord } from '#lib/kafka/readable-record.ts';
import { renderTable, thousands } from '../table.ts';
import { ADVICE, type Code } from './advice.ts';
import { type DeadLetter, placeText } from './letter.ts';
import type { WholeLetter } from './read-letters.ts';

const SHOWN_MESSAGE = 80;
const BYTES_PER_LINE = 16;
const SHOWN_BYTES = 1024;

export type SummaryLine = { readonly stage: string; readonly code: string; readonly count: number };

/** Letters by stage and code, most first. */
export function summaryOf(letters: readonly DeadLetter[]): SummaryLine[] {
  const groups = Map.groupBy(letters, ({ stage, code }) => `${stage} ${code}`);
  return [...groups.values()]
    .map((group) => {
      const { stage, code } = group[0] as DeadLetter;
      return { stage, code, count: group.length };
    })
    .toSorted((a, b) => b.count - a.count || (a.stage + a.code < b.stage + b.code ? -1 : 1));
}

/** A letter as JSON holds it, without its value. */
export function letterJson(letter: DeadLetter) {
  const { receivedAtMs, key, origin, retryOf, retried, ...same } = letter;
  return {
    ...same,
    receivedAt: timeOf(receivedAtMs),
    key: key.toString('hex'),
    origin: placeText(origin),
    retryOf: retryOf ?? null,
    retriedAs: retried?.as ?? null,
  };
}

export function renderList(shown: readonly DeadLetter[], all: readonly DeadLetter[]): string {
  if (all.length === 0) return 'No dead letters.\n';
  const rows = shown.map((letter) => [
    letter.id,
    timeOf(letter.receivedAtMs),
    letter.stage,
    letter.code,
    placeText(letter.origin),
    letter.kind || '-',
    thousands(letter.size),
    letter.retried === undefined ? shorten(letter.message) : `put back as ${letter.retried.as}`,
  ]);
  const titles = ['id', 'received', 'stage', 'code', 'origin', 'kind', 'bytes', 'message'];
  const letters = renderTable(
    titles.map((title) => ({ title, right: title === 'bytes' })),
    rows,
  );
  const summary = renderTable(
    [{ title: 'stage' }, { title: 'code' }, { title: 'letters', right: true }],
    summaryOf(all).map(({ stage, code, count }) => [stage, code, thousands(count)]),
  );
  const more =
    all.length > shown.length ? `${thousands(all.length - shown.length)} older ones: --limit\n` : '';
  return `${letters}${more}\n${summary}`;
}

export function wholeLetterJson({ value, ...letter }: WholeLetter) {
  return {
    ...letterJson(letter),
    ...decoded(letter, value),
    hex: value.toString('hex'),
    ...adviceOf(letter.code),
  };
}

/** Everything about one letter. `others` are letters of the same record of the log. */
export function renderLetter({ value, ...letter }: WholeLetter, others: readonly DeadLetter[]): string {
  const { means, todo } = adviceOf(letter.code);
  const lines: [string, string][] = [
    ['letter', letter.id],
    ['received', timeOf(letter.receivedAtMs)],
    ['stage', `${letter.stage}, generation ${letter.generation}`],
    ['code', letter.code],
    ['message', letter.message],
    ['read from', placeText(letter)],
    ['origin', placeText(letter.origin)],
    ['kind', letter.kind || '(cannot be read)'],
    ['key', letter.key.toString('hex') || '(none)'],
    ['bytes', thousands(letter.size)],
  ];
  if (letter.retryOf !== undefined) lines.push(['first letter', letter.retryOf]);
  if (letter.retried !== undefined)
    lines.push(['put back', `as ${letter.retried.as}, ${timeOf(letter.retried.atMs)}`]);
  if (others.length > 0) lines.push(['of the same record', others.map(({ id }) => id).join(', ')]);
  const width = Math.max(...lines.map(([name]) => name.length));
  const head = lines.map(([name, text]) => `${name.padEnd(width)}  ${text}`).join('\n');
  const { record } = decoded(letter, value);
  const body = record === null ? hexDump(value) : JSON.stringify(record, undefined, 2);
  return `${head}\n\n${body}\n\n${means}\n${todo}\n`;
}

function adviceOf(code: string): { means: string; todo: string } {
  return Object.hasOwn(ADVICE, code)
    ? ADVICE[code as Code]
    : { means: 'This release does not know the code.', todo: 'The message above is all there is.' };
}

function decoded({ topic, partition, offset, key, receivedAtMs }: DeadLetter, value: Buffer) {
  const {
    schema,
    value: record,
    error,
  } = readRecord(topic, partition, {
    key,
    value,
    offset: String(offset),
    timestamp: String(receivedAtMs),
  });
  return error === undefined ? { schema, record } : { schema: null, record: null };
}

/** Bytes as hexadecimal and, where they are ASCII, as text. */
function hexDump(value: Buffer): string {
  if (value.length === 0) return '(no value)';
  const lines: string[] = [];
  for (let at = 0; at < Math.min(value.length, SHOWN_BYTES); at += BYTES_PER_LINE) {
    const bytes = value.subarray(at, at + BYTES_PER_LINE);
    const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const text = bytes.toString('latin1').replace(/[^\x20-\x7e]/g, '.');
    lines.push(`${at.toString(16).padStart(6, '0')}  ${hex.padEnd(3 * BYTES_PER_LINE)} ${text}`);
  }
  if (value.length > SHOWN_BYTES) lines.push(`${thousands(value.length - SHOWN_BYTES)} more bytes: --json`);
  return lines.join('\n');
}

function timeOf(ms: number): string {
  const time = new Date(ms);
  return Number.isNaN(time.getTime()) ? String(ms) : time.toISOString();
}

function shorten(message: string): string {
  return message.length > SHOWN_MESSAGE ? `${message.slice(0, SHOWN_MESSAGE - 1)}…` : message;
}
