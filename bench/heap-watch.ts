import { writeFileSync } from 'node:fs';

/**
 * Preloaded into a service that is measured (`--import`): keeps the largest figures of its memory, in MB, in the
 * file that CAIRN_BENCH_MEMORY names, to its end and also where it ends badly.
 */
export type MemoryPeaks = { heapMegabytes: number; buffersMegabytes: number; residentMegabytes: number };

const LOOK_EVERY_MS = 100;
const MEGABYTE = 1024 * 1024;
const peaks: MemoryPeaks = { heapMegabytes: 0, buffersMegabytes: 0, residentMegabytes: 0 };
const file = process.env['CAIRN_BENCH_MEMORY'];

function look(): void {
  const { heapTotal, arrayBuffers } = process.memoryUsage();
  peaks.heapMegabytes = Math.max(peaks.heapMegabytes, heapTotal / MEGABYTE);
  peaks.buffersMegabytes = Math.max(peaks.buffersMegabytes, arrayBuffers / MEGABYTE);
  peaks.residentMegabytes = process.resourceUsage().maxRSS / 1024;
  if (file !== undefined) writeFileSync(file, JSON.stringify(peaks));
}

setInterval(look, LOOK_EVERY_MS).unref();
process.on('exit', look);
