import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Variables } from './command.ts';

export type Exit = { readonly code: number | null; readonly signal: NodeJS.Signals | null };

/** One run of a service's process, from spawn to exit. */
export type ServiceProcess = {
  readonly pid: number;
  /** The URL the service gives when it is ready; never settles where it exits before. */
  readonly ready: Promise<string>;
  readonly exited: Promise<Exit>;
  /** Asks the process to stop, and kills it when it has not after `patienceMs`. Resolves when it is gone. */
  stop(patienceMs: number): Promise<void>;
};

/**
 * Starts `main` under the running Node in a process group of its own, so that the terminal's Ctrl-C
 * reaches the supervisor alone and it decides the order of stopping. When the supervisor dies, the
 * service's IPC channel closes and the service stops by itself.
 */
export function startServiceProcess(options: {
  main: string;
  env: Variables;
  onLine: (line: string) => void;
}): ServiceProcess {
  const child = spawn(process.execPath, [options.main], {
    env: { ...options.env },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  for (const stream of [child.stdout, child.stderr]) {
    if (stream !== null) createInterface({ input: stream }).on('line', options.onLine);
  }
  const exited = exitOf(child);
  return {
    pid: child.pid ?? 0,
    exited,
    ready: new Promise((resolve) => {
      child.on('message', (message: { ready?: boolean; url?: string }) => {
        if (message.ready === true) resolve(message.url ?? '');
      });
    }),
    async stop(patienceMs) {
      child.kill('SIGTERM');
      const patience = setTimeout(() => child.kill('SIGKILL'), patienceMs);
      await exited;
      clearTimeout(patience);
    },
  };
}

/** `close` and not `exit`: by then every line of the process has been read. */
function exitOf(child: ChildProcess): Promise<Exit> {
  return new Promise((resolve, reject) => {
    child.once('close', (code, signal) => resolve({ code, signal }));
    child.once('error', (error) => {
      // An error after the spawn (a signal that could not be sent) says nothing about the process's end.
      if (child.pid === undefined) reject(error);
    });
  });
}
