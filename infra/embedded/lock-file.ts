import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import {
  isSameProcess,
  type ProcessIdentity,
  parseIdentity,
  printIdentity,
  processIdentity,
} from './process-identity.ts';

export type LockFile = { release(): void };

/**
 * Takes the lock `path` for this process. Where another running process holds it, returns that process. The lock of a
 * process that is gone is taken over.
 *
 * The file appears with its content in one step (link), so it is never seen empty. A stale one is moved
 * aside before it is judged a second time: when two processes find the same stale lock, the slower one may
 * have moved the faster one's new lock, and puts it back.
 */
export function takeLock(path: string): LockFile | ProcessIdentity {
  const self = processIdentity(process.pid)!;
  const own = `${path}.${self.pid}`;
  writeFileSync(own, printIdentity(self));
  try {
    for (;;) {
      if (linked(own, path)) return { release: () => rmSync(path, { force: true }) };
      const holder = readHolder(path);
      if (holder !== undefined && isSameProcess(holder)) return holder;
      moveStaleAside(path, `${own}.stale`);
    }
  } finally {
    rmSync(own, { force: true });
  }
}

/** Whether `outcome` of takeLock is the lock, and not the process that has it. */
export function isTaken(outcome: LockFile | ProcessIdentity): outcome is LockFile {
  return 'release' in outcome;
}

function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function readHolder(path: string): ProcessIdentity | undefined {
  try {
    return parseIdentity(readFileSync(path, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function moveStaleAside(path: string, aside: string): void {
  try {
    renameSync(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const moved = readHolder(aside);
  if (moved !== undefined && isSameProcess(moved)) linked(aside, path);
  rmSync(aside, { force: true });
}
