import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** A process by its id and the time it started, because ids are given out again. */
export type ProcessIdentity = { readonly pid: number; readonly startedAt: string };

/** The identity of a running process; undefined where there is none, or only its remains (a zombie). */
export function processIdentity(pid: number): ProcessIdentity | undefined {
  const startedAt = process.platform === 'linux' ? startOnLinux(pid) : startByPs(pid);
  return startedAt === undefined ? undefined : { pid, startedAt };
}

/** Whether the process still runs: the id is in use, and by the process that was meant. */
export function isSameProcess(identity: ProcessIdentity): boolean {
  return processIdentity(identity.pid)?.startedAt === identity.startedAt;
}

/** As a line of text, for files. */
export function printIdentity({ pid, startedAt }: ProcessIdentity): string {
  return `${pid} ${startedAt}\n`;
}

/** Reads what printIdentity wrote; undefined for anything else, such as a file cut short by a crash. */
export function parseIdentity(text: string): ProcessIdentity | undefined {
  const match = /^(\d+) (.+)\n$/.exec(text);
  return match === null ? undefined : { pid: Number(match[1]), startedAt: match[2]! };
}

/** Field 22 of /proc/PID/stat, in ticks since boot; the fields are counted after the name, which may hold anything. */
function startOnLinux(pid: number): string | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
}

function startByPs(pid: number): string | undefined {
  try {
    const [state = '', ...start] = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
      .trim()
      .split(/\s+/);
    return state === '' || state.startsWith('Z') ? undefined : start.join(' ');
  } catch {
    return undefined;
  }
}
