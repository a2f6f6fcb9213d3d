import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What other commands need to know of a running stack: `run.json` in its data directory. */
export type RunFile = {
  /** Process that runs the stack. */
  readonly pid: number;
  readonly startedAt: string;
  /** Empty where no collector runs. */
  readonly collector: string;
  readonly clickhouse: string;
  readonly brokers: readonly string[];
  /** The live generation. */
  readonly generation: number;
  readonly partitions: number;
  /** Process ids of the embedded servers; 0 where the server is not embedded. */
  readonly kafkaPid: number;
  readonly clickhousePid: number;
  readonly services: readonly {
    readonly name: string;
    /** Generation a stage works for; stages of the live one come first. */
    readonly generation?: number | undefined;
    readonly pid: number;
    readonly url: string;
    readonly ready: boolean;
    readonly restarts: number;
  }[];
};

function pathOf(dataDir: string): string {
  return join(dataDir, 'run.json');
}

/**
 * Replaces the file in one step, so that a reader never sees half of it. Nobody else may read it: ClickHouse's address
 * has its password in it where the stack uses a server of the operator's own.
 */
export function writeRunFile(dataDir: string, content: RunFile): void {
  const next = `${pathOf(dataDir)}.${content.pid}`;
  rmSync(next, { force: true });
  writeFileSync(next, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  renameSync(next, pathOf(dataDir));
}

/** The file of a stack that runs now; undefined where there is none or its process is gone. */
export function readRunFile(dataDir: string): RunFile | undefined {
  let text: string;
  try {
    text = readFileSync(pathOf(dataDir), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const content = JSON.parse(text) as RunFile;
  return isAlive(content.pid) ? content : undefined;
}

export function removeRunFile(dataDir: string): void {
  rmSync(pathOf(dataDir), { force: true });
}

/** Whether a process of this id exists. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it exists and belongs to someone else.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
