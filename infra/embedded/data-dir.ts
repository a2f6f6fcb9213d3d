import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ConfigError } from '#lib/errors.ts';
import { isTaken, type LockFile, takeLock } from './lock-file.ts';

const VERSION = 'VERSION';
const VARIABLE = 'CAIRN_DATA_DIR';

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
  const lock = lockDirectory(path);
  try {
    checkVersion(path, current);
    replaceFile(join(path, VERSION), `${JSON.stringify(current)}\n`);
  } catch (error) {
    lock.release();
    throw error;
  }
  return { path, release: lock.release };
}

function lockDirectory(path: string): LockFile {
  let lock: ReturnType<typeof takeLock>;
  try {
    mkdirSync(path, { recursive: true });
    lock = takeLock(join(path, 'lock'));
  } catch (error) {
    throw new ConfigError(
      [
        `Cannot write to the data directory ${path}: ${(error as Error).message}. Set ${VARIABLE} to another place`,
      ],
      { cause: error },
    );
  }
  if (isTaken(lock)) return lock;
  throw new ConfigError([
    `Cannot use the data directory ${path}: locked by another instance (pid ${lock.pid}). Stop that one, or set ${VARIABLE} to another place`,
  ]);
}

/** In one step: half a VERSION file would lock its owner out. */
function replaceFile(path: string, text: string): void {
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}

function checkVersion(path: string, current: DataVersion): void {
  const file = join(path, VERSION);
  let refusal: string | undefined;
  if (existsSync(file)) refusal = whyIncompatible(readFileSync(file, 'utf8'), current);
  else if (['kafka', 'clickhouse'].some((name) => existsSync(join(path, name))))
    refusal = `it has no ${VERSION} file, so something else wrote it`;
  if (refusal === undefined) return;
  throw new ConfigError([
    `Cannot use the data directory ${path}: ${refusal}. Set ${VARIABLE} to another place, or delete the directory to start afresh without its data`,
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
    return `its ${VERSION} file does not parse: ${JSON.stringify(text.slice(0, 100))}`;
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
