import type { QueryProgress } from '#queries/ask-clickhouse.ts';
import type { Context } from '../command.ts';
import { thousands } from '../table.ts';

/** A question that takes no longer shows nothing. */
const QUIET_MS = 1000;

/** `12 345 678 of 30 000 000 rows, 41%, 3s` */
export function progressText({ readRows, totalRows, elapsedMs }: QueryProgress): string {
  const isKnown = totalRows >= readRows && totalRows > 0;
  const share = isKnown ? `, ${Math.floor((100 * readRows) / totalRows)}%` : '';
  const total = isKnown ? ` of ${thousands(totalRows)}` : '';
  return `${thousands(readRows)}${total} rows, ${Math.floor(elapsedMs / 1000)}s${share}`;
}

/** Shows progress in one line of a terminal, and takes it away. */
export type ProgressLine = {
  readonly show: ((progress: QueryProgress) => void) | undefined;
  clear(): void;
};

/** Shows nothing where stderr is no terminal. */
export function progressLine(stderr: Context['stderr']): ProgressLine {
  if (!stderr.isTTY) return { show: undefined, clear() {} };
  let isShown = false;
  return {
    show(progress) {
      if (progress.elapsedMs < QUIET_MS) return;
      isShown = true;
      stderr.write(`\r\u001b[K${progressText(progress)}`);
    },
    clear() {
      if (isShown) stderr.write('\r\u001b[K');
      isShown = false;
    },
  };
}
