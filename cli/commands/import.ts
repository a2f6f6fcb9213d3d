import { basename } from 'node:path';
import { DEFAULT_ENVIRONMENTS } from '#lib/config/environments.ts';
import {
  type Context,
  defineCommand,
  INTERRUPTED,
  JSON_OPTION,
  type OptionTable,
  type Values,
} from '../command.ts';
import { parseDuration } from '../duration.ts';
import { ImportProgress } from '../import/import-progress.ts';
import { FORMATS, formatOf, openSource } from '../import/open-source.ts';
import { RejectedFile } from '../import/rejected-file.ts';
import { type ImportSummary, importDocument, importText, standingText } from '../import/render-import.ts';
import { RowMapping } from '../import/row-mapping.ts';
import { sendRows, tryRows } from '../import/run-import.ts';
import { SUBJECTS, type Subject } from '../import/subject.ts';
import { TypeHints } from '../import/type-hints.ts';
import { ENVIRONMENT_OPTION, environmentOf } from '../question.ts';
import { readRunFile } from '../run-file.ts';
import { readStackSettings } from '../stack-settings.ts';
import { CommandError, UsageError } from '../usage-error.ts';

const DEFAULT_PATIENCE = '5m';
const DEFAULT_CONNECTIONS = 4;
const MOST_CONNECTIONS = 32;

const OPTIONS = {
  identity: { type: 'string', value: 'COLUMN', doc: 'users: column of the identity (identity)' },
  'account-id': { type: 'string', value: 'COLUMN', doc: 'accounts: column of the account id (account_id)' },
  map: { type: 'string', multiple: true, value: 'COLUMN=PROPERTY', doc: 'send a column under another name' },
  only: { type: 'string', multiple: true, value: 'A,B', doc: 'send these columns alone' },
  skip: { type: 'string', multiple: true, value: 'A,B', doc: 'leave these columns out' },
  types: {
    type: 'string',
    multiple: true,
    value: 'COLUMN=TYPE,...',
    doc: 'read texts as number, boolean, time or text',
  },
  null: {
    type: 'string',
    multiple: true,
    value: 'TEXT',
    doc: 'a text that stands for no value, such as NULL',
  },
  format: { type: 'string', value: FORMATS.join('|'), doc: 'where the name of the file does not tell' },
  delimiter: { type: 'string', value: 'CHARACTER', doc: 'between the cells of CSV (a comma; .tsv: a tab)' },
  'dry-run': { type: 'boolean', doc: 'read and check everything, show a sample, send nothing' },
  'from-row': { type: 'string', value: 'N', doc: 'go on with this row, counted from 1' },
  rejected: { type: 'string', value: 'FILE', doc: 'report of rejected rows (NAME.rejected.jsonl)' },
  to: { type: 'string', value: 'URL', doc: 'collector (that of the running stack)' },
  'app-id': { type: 'string', value: 'ID', doc: 'app id of the environment (that of the registry)' },
  ...ENVIRONMENT_OPTION,
  connections: { type: 'string', value: 'N', doc: `requests under way at once (${DEFAULT_CONNECTIONS})` },
  patience: {
    type: 'string',
    value: 'DURATION',
    doc: `how long a request is tried again (${DEFAULT_PATIENCE})`,
  },
  ...JSON_OPTION,
} as const satisfies OptionTable;

export const importRows = defineCommand({
  usage:
    'users|accounts FILE [--identity COLUMN] [--map COLUMN=PROPERTY]... [--types COLUMN=TYPE,...] [--dry-run]',
  about: `Sends the rows of a file to the collector: each sets properties of a user or an account, and makes the ones that
are new. FILE is CSV (.csv, .tsv), JSON lines (.jsonl, .ndjson), both also as .gz, or Parquet; - reads CSV or JSON
lines from standard input.

One column names the user or account; it is no property unless --map names it. Every other column is a property of
its name. A row that was sent before changes nothing, and of two rows of one user the later one wins.

CSV has no types: a cell is sent as the text it is, so 01234 stays a zip code, unless --types says otherwise. A cell
that is not of its column's type rejects the row. An empty cell, and null in the other formats, is not sent: what the
user has stays. --dry-run says which columns could be typed.

Of Parquet, times become ISO 8601 text in UTC, and integers and decimals that a JavaScript number cannot hold become
text. Nested values are flattened with dots and lists joined with two bars, as the collector does with any property.

Rejected rows go to a report, with the reason for each, and the exit code is 1. What was stopped or failed says how
it goes on: --from-row N.`,
  options: OPTIONS,
  maxArguments: 2,
  handlesStop: true,
  examples: [
    ['import users crm.csv --identity email --dry-run', 'what would be sent, and what is wrong'],
    [
      'import users crm.csv --identity email --map email=email --types ltv=number',
      'the email as property, too',
    ],
    [
      'import accounts accounts.parquet --account-id id --only name,tier,owner',
      'three columns of a warehouse table',
    ],
    ['import users - --format jsonl --to https://collector.example.com --app-id 11', 'from another program'],
    ['import users crm.csv --identity email --from-row 250001', 'go on where an import was stopped'],
  ],
  async run(values, [subjectName, file], context) {
    const subject = subjectOf(subjectName);
    if (file === undefined) throw new UsageError(`Want a file: cairn import ${subject.name} FILE`);
    const format = formatOf(file, values.format);
    const fromRow = wholeNumber('--from-row', values['from-row'], 1, Number.MAX_SAFE_INTEGER) ?? 1;
    const mapping = mappingOf(subject, values);
    const target = targetOf(context, values);
    const { signal, stdin } = context;
    const source = await openSource(file, format, {
      isWanted: (column) => mapping.isWanted(column),
      fromRow,
      delimiter: values.delimiter,
      stdin,
      signal,
    });
    const columns = source.columns === undefined ? [] : mapping.check(source.columns);
    const progress = new ImportProgress(context.stderr);
    const rejected = new RejectedFile(
      values.rejected ?? `${file === '-' ? subject.name : basename(file)}.rejected.jsonl`,
      fromRow > 1,
    );
    const job = { subject, source, mapping, fromRow, rejected, progress, signal };
    const hints = new TypeHints(
      format === 'csv' ? columns.filter((column) => mapping.typeOf(column) === undefined) : [],
    );
    const { url, environment } = target;
    const outcome =
      url === undefined ? await tryRows(job, environment, hints) : await sendRows(job, { ...target, url });
    await rejected.close();
    progress.end();
    const { seconds } = progress;
    return report(
      { subject, file, fromRow, seconds, rejected, outcome, hints: hints.options },
      values.json,
      context,
    );
  },
});

function report(summary: ImportSummary, json: boolean, { stdout, stderr, signal }: Context): number {
  const { complete, failure } = summary.outcome;
  stdout.write(json ? `${JSON.stringify(importDocument(summary))}\n` : importText(summary));
  if (!complete) {
    if (failure !== undefined) stderr.write(`${failureText(failure)}\n`);
    stderr.write(standingText(summary));
    return signal.aborted ? INTERRUPTED : 1;
  }
  return summary.rejected.count === 0 ? 0 : 1;
}

/** What is expected to go wrong in a sentence; a bug is thrown on. */
function failureText(failure: unknown): string {
  if (failure instanceof CommandError) return failure.message;
  throw failure;
}

function subjectOf(name: string | undefined): Subject {
  const subject = name !== undefined && Object.hasOwn(SUBJECTS, name) ? SUBJECTS[name] : undefined;
  if (subject === undefined) {
    const given = name === undefined ? 'nothing' : JSON.stringify(name);
    throw new UsageError(`Want users or accounts to import, current value is ${given}`);
  }
  return subject;
}

function mappingOf(subject: Subject, values: Values<typeof OPTIONS>): RowMapping {
  const other = subject.name === 'users' ? 'account-id' : 'identity';
  if (values[other] !== undefined)
    throw new UsageError(`Option --${other} is not for ${subject.name}: want ${subject.option} COLUMN`);
  const idColumn = (subject.name === 'users' ? values.identity : values['account-id']) ?? subject.idField;
  const list = (texts: readonly string[]) => texts.flatMap((text) => text.split(','));
  return new RowMapping({
    subject,
    idColumn,
    map: values.map,
    only: list(values.only),
    skip: list(values.skip),
    types: list(values.types),
    nulls: values.null,
  });
}

/** Where rows go; without a URL they are judged by the environment's rules and go nowhere. */
function targetOf(context: Context, values: Values<typeof OPTIONS>) {
  const { to, patience = DEFAULT_PATIENCE, env: name } = values;
  const appId = values['app-id'];
  if (appId !== undefined && name !== undefined) throw new UsageError('Want --app-id or --env, not both');
  const environment =
    appId === undefined ? environmentOf(context, name) : { ...DEFAULT_ENVIRONMENTS[0]!, appId };
  const connections =
    wholeNumber('--connections', values.connections, 1, MOST_CONNECTIONS) ?? DEFAULT_CONNECTIONS;
  const patienceMs = parseDuration('--patience', patience);
  const url = values['dry-run'] ? undefined : (to ?? collectorOf(context));
  if (url !== undefined && !/^https?:\/\//.test(url))
    throw new UsageError(
      `Cannot read --to: want a URL such as http://localhost:8080, current value is ${url}`,
    );
  return { url, environment, appId: environment.appId, connections, patienceMs };
}

function collectorOf({ env }: Context): string {
  const url = readRunFile(readStackSettings(env).CAIRN_DATA_DIR)?.collector ?? '';
  if (url === '')
    throw new CommandError('No collector runs here: start one with cairn up, or name another with --to URL');
  return url;
}

function wholeNumber(
  option: string,
  text: string | undefined,
  least: number,
  most: number,
): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (!/^\d+$/.test(text) || number < least || number > most) {
    throw new UsageError(
      `Cannot read ${option}: want a whole number of ${least} to ${most}, current value is ${text}`,
    );
  }
  return number;
}
