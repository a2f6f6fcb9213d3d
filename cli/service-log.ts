import { closeSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const LARGEST_BYTES = 16 * 1024 * 1024;

/** A service's log file; the file before it is kept as `NAME.log.1`. */
export type LogFile = {
  append(line: string): void;
  close(): void;
};

export function openLogFile(directory: string, service: string): LogFile {
  mkdirSync(directory, { recursive: true });
  const path = join(directory, `${service}.log`);
  let file = openSync(path, 'a');
  let bytes = fstatSync(file).size;
  return {
    append(line) {
      if (bytes > LARGEST_BYTES) {
        closeSync(file);
        renameSync(path, `${path}.1`);
        file = openSync(path, 'a');
        bytes = 0;
      }
      bytes += writeSync(file, `${line}\n`);
    },
    close: () => closeSync(file),
  };
}

const WARN = 40;
const ERROR = 50;
const BOOKKEEPING = new Set(['level', 'time', 'pid', 'hostname', 'service', 'msg', 'err']);

/**
 * A log line as a person reads it in the terminal: undefined below warning, and for what the Kafka client
 * says of requests that it then repeats by itself. A line that is not one of our log's, such as a crash of
 * the runtime, is always shown.
 */
export function forTerminal(service: string, line: string): string | undefined {
  const entry = parseEntry(line);
  if (entry === undefined) return `${service}: ${line}`;
  const level = Number(entry['level']);
  if (level < WARN || (level < ERROR && entry['kafka'] !== undefined)) return undefined;
  const { message } = (entry['err'] ?? {}) as { message?: string };
  const fields = Object.entries(entry)
    .filter(([name, value]) => !BOOKKEEPING.has(name) && value !== undefined)
    .map(([name, value]) => ` ${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  const text = `${entry['msg'] ?? ''}${message === undefined ? '' : `: ${message}`}${fields.join('')}`;
  return `${service} ${level >= ERROR ? 'error' : 'warning'}: ${text}`;
}

/** An entry of our log; undefined where the line is something else. */
function parseEntry(line: string): Record<string, unknown> | undefined {
  try {
    const entry = JSON.parse(line);
    return typeof entry?.level === 'number' ? entry : undefined;
  } catch {
    return undefined;
  }
}
