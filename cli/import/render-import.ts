import { thousands } from '../table.ts';
import type { RejectedFile } from './rejected-file.ts';
import type { DryOutcome, ImportOutcome } from './run-import.ts';
import type { Subject } from './subject.ts';

/** What an import did, as a document and as text. */
export type ImportSummary = {
  readonly subject: Subject;
  readonly file: string;
  readonly fromRow: number;
  readonly seconds: number;
  readonly rejected: RejectedFile;
  readonly outcome: ImportOutcome | DryOutcome;
  /** `--types` that a dry run found possible. */
  readonly hints: readonly string[];
};

const LONGEST_SAMPLE = 2000;

const isDry = (outcome: ImportOutcome | DryOutcome): outcome is DryOutcome => 'sample' in outcome;

/** One JSON document. */
export function importDocument(summary: ImportSummary): object {
  const { subject, file, fromRow, seconds, rejected, outcome, hints } = summary;
  const { rows, accepted, retries, nextRow, complete, changed } = outcome;
  return {
    subject: subject.name,
    file,
    dryRun: isDry(outcome),
    complete,
    rows,
    accepted,
    rejected: rejected.count,
    changed: Object.fromEntries(changed),
    rejectedFile: rejected.count === 0 ? null : rejected.path,
    fromRow,
    nextRow,
    retries,
    seconds: Math.round(seconds * 100) / 100,
    rowsPerSecond: Math.round(rows / seconds),
    ...(isDry(outcome) && {
      sample: outcome.sample.map((json) => JSON.parse(json) as unknown),
      types: hints,
    }),
  };
}

/** The same as text. */
export function importText(summary: ImportSummary): string {
  const { subject, file, seconds, rejected, outcome, hints } = summary;
  const { rows, accepted } = outcome;
  const name = file === '-' ? 'standard input' : file;
  const rate = `${seconds.toFixed(1)} s, ${thousands(Math.round(rows / seconds))} rows/s`;
  const lines = isDry(outcome)
    ? [
        `Read ${thousands(rows)} rows of ${subject.name} from ${name} and sent nothing: ` +
          `${thousands(accepted)} would be accepted, ${thousands(rejected.count)} rejected (${rate})`,
        ...(outcome.sample.length === 0 ? [] : ['The first of them, as they would be sent:']),
        ...outcome.sample.map((json) => `  ${shortened(json)}`),
        ...[...outcome.changed].map(
          ([flag, changed]) => `${thousands(changed)} rows would be changed by the collector: ${flag}`,
        ),
        ...(hints.length === 0
          ? []
          : [`Sent as text; to have types: --types ${hints.map(shellWord).join(',')}`]),
      ]
    : [
        `Sent ${thousands(rows)} rows of ${subject.name} from ${name}: ` +
          `${thousands(accepted)} accepted, ${thousands(rejected.count)} rejected (${rate})`,
        ...[...outcome.changed].map(
          ([flag, changed]) => `${thousands(changed)} rows were changed by the collector: ${flag}`,
        ),
      ];
  for (const { row, code, message } of rejected.first) lines.push(`  row ${row}: ${code}: ${message}`);
  if (rejected.count > 0) lines.push(`Rejected rows, each with its reason: ${rejected.path}`);
  return `${lines.join('\n')}\n`;
}

/** Where an import that did not get to the end of its file stands, and how it goes on. */
export function standingText({ file, outcome: { nextRow } }: ImportSummary): string {
  return nextRow === 1
    ? 'Nothing is known to have been accepted: run it again\n'
    : `Every row before row ${nextRow} of ${file === '-' ? 'standard input' : file} is done: ` +
        `go on with --from-row ${nextRow}\n`;
}

/** A row as far as a terminal has room for it. */
function shortened(json: string): string {
  return json.length <= LONGEST_SAMPLE ? json : `${json.slice(0, LONGEST_SAMPLE)}…`;
}

function shellWord(text: string): string {
  return /^[\w.=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
