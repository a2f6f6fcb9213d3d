import { readFileSync } from 'node:fs';
import { ConfigError } from '#lib/errors.ts';
import { MAX_ENVIRONMENT } from '#schemas/ids.ts';

/** One environment of the registry: a separate set of users and events. */
export type Environment = {
  /** Stable number, 1..2047: part of every key, never to be given to another environment. */
  readonly number: number;
  /** What clients send as `app_id`. */
  readonly appId: string;
  /** Name of the readers' database, such as `main_production`. */
  readonly name: string;
  /** Key of the deletion API; empty = that API is off. */
  readonly apiKey: string;
  readonly options: EnvironmentOptions;
};

export type EnvironmentOptions = {
  /** `flag` keeps events of known bots with `is_bot`, `drop` refuses them. */
  readonly bots: 'flag' | 'drop';
  /** Addresses whose events are refused; `*` stands for any run of characters. */
  readonly excludedIps: readonly string[];
  /** Whether the client's address is kept. Geo lookup works either way. */
  readonly keepIp: boolean;
};

export const DEFAULT_OPTIONS: EnvironmentOptions = { bots: 'flag', excludedIps: [], keepIp: true };

export const DEFAULT_ENVIRONMENTS: readonly Environment[] = [
  { number: 1, appId: '11', name: 'main_production', apiKey: '', options: DEFAULT_OPTIONS },
];

/** The registry of a file, or the default one where no file is named. Throws ConfigError. */
export function loadEnvironments(file: string): readonly Environment[] {
  if (file === '') return DEFAULT_ENVIRONMENTS;
  let content: string;
  try {
    content = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new ConfigError([`Cannot read the environment registry ${file}: ${(cause as Error).message}`], {
      cause,
    });
  }
  return parseEnvironments(content, file);
}

/** Reads the registry's JSON: an array of environments. Throws ConfigError with every problem. */
export function parseEnvironments(content: string, file: string): readonly Environment[] {
  let entries: unknown;
  try {
    entries = JSON.parse(content);
  } catch (cause) {
    throw new ConfigError([`Cannot read the environment registry ${file}: ${(cause as Error).message}`], {
      cause,
    });
  }
  if (!Array.isArray(entries) || entries.length === 0) {
    throw new ConfigError([
      `Cannot read the environment registry ${file}: want a JSON array of environments`,
    ]);
  }
  const problems: string[] = [];
  const environments = entries.map((entry, index) =>
    readEnvironment(entry, (problem) => problems.push(`${file}, entry ${index}: ${problem}`)),
  );
  for (const field of ['number', 'appId', 'name'] as const) {
    const values = environments.map((environment) => environment[field]);
    const twice = values.find((value, index) => values.indexOf(value) !== index);
    if (twice !== undefined) problems.push(`${file}: ${field} ${twice} is given to two environments`);
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return environments;
}

/** Databases of the server's, and the loader's own. */
const TAKEN_NAMES: ReadonlySet<string> = new Set(['cairn', 'default', 'system', 'information_schema']);

const FIELDS = ['number', 'appId', 'name', 'apiKey', 'options'];
const OPTIONS = ['bots', 'excludedIps', 'keepIp'];

function readEnvironment(entry: unknown, problem: (text: string) => void): Environment {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) {
    problem('want an object');
    return { number: 0, appId: '', name: '', apiKey: '', options: DEFAULT_OPTIONS };
  }
  const { number, appId, name, apiKey = '', options = {} } = entry as Record<string, unknown>;
  for (const field of Object.keys(entry)) if (!FIELDS.includes(field)) problem(`unknown field ${field}`);
  if (!Number.isInteger(number) || (number as number) < 1 || (number as number) > MAX_ENVIRONMENT) {
    problem(`number: want 1..${MAX_ENVIRONMENT}, current value is ${number}`);
  }
  if (typeof appId !== 'string' && typeof appId !== 'number') problem('appId: want a string');
  if (typeof name !== 'string' || !/^[a-z][a-z0-9_]{0,62}$/.test(name) || TAKEN_NAMES.has(name)) {
    problem(
      `name: want lower-case letters, digits and _, not a database of the server's, current value is ${name}`,
    );
  }
  if (typeof apiKey !== 'string') problem('apiKey: want a string');
  return {
    number: number as number,
    appId: String(appId),
    name: name as string,
    apiKey: apiKey as string,
    options: readOptions(options, problem),
  };
}

function readOptions(options: unknown, problem: (text: string) => void): EnvironmentOptions {
  if (typeof options !== 'object' || options === null) {
    problem('options: want an object');
    return DEFAULT_OPTIONS;
  }
  const merged = { ...DEFAULT_OPTIONS, ...options };
  for (const option of Object.keys(options))
    if (!OPTIONS.includes(option)) problem(`unknown option ${option}`);
  if (merged.bots !== 'flag' && merged.bots !== 'drop')
    problem(`options.bots: want flag or drop, current value is ${merged.bots}`);
  if (!Array.isArray(merged.excludedIps) || !merged.excludedIps.every((ip) => typeof ip === 'string')) {
    problem('options.excludedIps: want an array of strings');
  }
  if (typeof merged.keepIp !== 'boolean') problem('options.keepIp: want true or false');
  return merged;
}
