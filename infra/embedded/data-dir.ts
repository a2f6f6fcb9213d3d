import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ConfigError } from '#lib/errors.ts';
import { isTaken, takeLock } from './lock-file.ts';

/** What wrote a data directory. */
export type DataVersion = {
  /** Layout of the directory itself; changes when an older Cairn could not read it or would misread it. */
  readonly format: number;
  readonly kafka: string;
  readonly clickhouse: string;
};

/** What this version of Cairn writes. */
export const DATA_VERSION: DataVersion = { format: 1, kafka: '4.2.0', clickhouse: '26.7.3' };

export type DataDir = { readonly path: string; release(): void };

/**
 * Takes a data directory for this process, creating it where it is missing. Throws ConfigError where another
 * instance has it, and where it was written by a version that this one cannot take over from.
 */
export function openDataDir(directory: string, current: DataVersion = DATA_VERSION): DataDir {
  const path = resolve(directory);
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    throw new ConfigError(
      [
        `Cannot create the data directory ${path}: ${(error as Error).message}. Set CAIRN_DATA_DIR to another place`,
      ],
      { cause: error },
    );
  }
  const lock = takeLock(join(path, 'lock'));
  if (!isTaken(lock)) {
    throw new ConfigError([
      `Cannot use the data directory ${path}: locked by another instance (pid ${lock.pid}). Stop that one, or set CAIRN_DATA_DIR to another place`,
    ]);
  }
  try {
    checkVersion(path, current);
    writeFileSync(join(path, 'VERSION'), `${JSON.stringify(current)}\n`);
  } catch (error) {
    lock.release();
    throw error;
  }
  return { path, release: lock.release };
}

function checkVersion(path: string, current: DataVersion): void {
  const file = join(path, 'VERSION');
  let refusal: string | undefined;
  if (existsSync(file)) refusal = whyIncompatible(readFileSync(file, 'utf8'), current);
  else if (['kafka', 'clickhouse'].some((name) => existsSync(join(path, name))))
    refusal = 'it has no VERSION file, so something else wrote it';
  if (refusal === undefined) return;
  throw new ConfigError([
    `Cannot use the data directory ${path}: ${refusal}. Set CAIRN_DATA_DIR to another place, or delete the directory to start afresh without its data`,
  ]);
}

/**
 * Why a directory with this VERSION cannot be used; undefined where it can. Kafka and ClickHouse read what
 * earlier versions wrote, and not always what later ones did.
 */
export function whyIncompatible(text: string, current: DataVersion): string | undefined {
  let written: Partial<Record<keyof DataVersion, unknown>>;
  try {
    written = Object(JSON.parse(text));
  } catch {
    return `its VERSION file does not parse: ${JSON.stringify(text.slice(0, 100))}`;
  }
  if (written.format !== current.format)
    return `its format is ${written.format}, this version reads ${current.format}`;
  for (const server of ['kafka', 'clickhouse'] as const) {
    const other = String(written[server]);
    if (isLater(other, current[server]))
      return `it was written by ${server} ${other}, this version runs ${current[server]}`;
  }
  return undefined;
}

/** Compares the first two numbers of each: patch releases read each other's files. Unreadable versions count as later. */
function isLater(version: string, than: string): boolean {
  const [major = Number.NaN, minor = Number.NaN] = version.split('.').map(Number);
  const [thanMajor = 0, thanMinor = 0] = than.split('.').map(Number);
  return !(major < thanMajor || (major === thanMajor && minor <= thanMinor));
}
