import { logInKafka } from '#schemas/topics.ts';
import type { Generation } from '#schemas/types.ts';
import type { Context } from '../command.ts';
import type { MoveProgress } from '../repartition/log-move.ts';
import { durationText, renderTable, thousands } from '../table.ts';
import type { Progress } from './catch-up.ts';
import { type Comparison, differencesOf } from './compare-generations.ts';

/** What a replay says while it runs: text on stderr, and with --json a document a line on stdout. */
export class ReplayReport {
  readonly #context: Context;
  readonly #json: boolean;

  constructor(context: Context, json: boolean) {
    this.#context = context;
    this.#json = json;
  }

  say(text: string): void {
    this.#context.stderr.write(`${text}\n`);
  }

  progress(generation: number, progress: Progress): void {
    this.line({ event: 'progress', generation, ...progress, remainingMs: progress.remainingMs ?? null });
    const { read, of, lag, recordsPerSecond, remainingMs } = progress;
    const left = remainingMs === undefined ? '' : `, about ${durationText(remainingMs)} left`;
    this.say(
      `Generation ${generation}: read ${thousands(read)} of ${thousands(of)} records, ${thousands(lag)} to process, ` +
        `${thousands(recordsPerSecond)}/s${left}`,
    );
  }

  compared(comparison: Comparison): void {
    this.line({ event: 'compared', ...comparison });
    const { generations, tables, equal, leftOut } = comparison;
    this.say(
      renderTable(
        [
          { title: 'table' },
          { title: 'environment', right: true },
          ...generations.map((generation) => ({ title: `rows in ${generation}`, right: true })),
          { title: 'checksums' },
          { title: 'devices set aside', right: true },
        ],
        tables.map((one) => [
          one.table,
          String(one.environment),
          ...one.rows.map(thousands),
          one.equal ? 'equal' : 'differ',
          thousands(one.setAside),
        ]),
      ).trimEnd(),
    );
    if (leftOut.identities > 0) {
      this.say(
        `Left out: ${leftOut.identities} identities that are blocked in one of the two only, ${thousands(leftOut.ids)} devices and users in all`,
      );
    }
    if (!equal) this.say(`The generations differ:\n${differencesOf(comparison).join('\n')}`);
  }

  copied(revision: number, progress: MoveProgress): void {
    this.line({ event: 'copied', revision, ...progress, remainingMs: progress.remainingMs ?? null });
    const { read, of, recordsPerSecond, remainingMs } = progress;
    const left = remainingMs === undefined ? '' : `, about ${durationText(remainingMs)} left`;
    this.say(
      `Log: copied ${thousands(read)} of ${thousands(of)} records to ${logInKafka(revision)}, ${thousands(recordsPerSecond)}/s${left}`,
    );
  }

  moved({ log_revision, log_partitions }: Generation, closedMs: number): void {
    this.line({ event: 'moved', revision: log_revision, partitions: log_partitions, closedMs });
    this.say(
      `Collectors write to ${logInKafka(log_revision)} now, in ${log_partitions} partitions; for ${closedMs / 1000} s none of them could write`,
    );
  }

  switched(generation: number, replaced: number, isMove: boolean): void {
    this.line({ event: 'switched', generation, replaced });
    this.say(
      `Generation ${generation} is live. Its services run here until others do: a running cairn up takes them over by itself; ` +
        `services elsewhere are restarted with CAIRN_GENERATION=${generation}. ` +
        (isMove
          ? `There is no way back to generation ${replaced}: what comes from now on is in the new log alone`
          : `Back to the old one: cairn generations switch ${replaced}`),
    );
  }

  /** A JSON document on stdout; nothing without --json. */
  line(document: object): void {
    if (this.#json) this.#context.stdout.write(`${JSON.stringify(document)}\n`);
  }
}
