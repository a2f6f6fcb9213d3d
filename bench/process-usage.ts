import { readFileSync } from 'node:fs';

export type Usage = { readonly cpuSeconds: number; readonly peakMegabytes: number };

/** Clock ticks a second in /proc: 100 on every Linux. */
const TICKS_PER_SECOND = 100;

/** CPU time and peak memory of a process so far; zero where it is gone. Linux only. */
export function usageOf(pid: number): Usage {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the program's name in parentheses and may hold spaces.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0';
    return {
      cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND,
      peakMegabytes: Number(peak) / 1024,
    };
  } catch {
    return { cpuSeconds: 0, peakMegabytes: 0 };
  }
}
