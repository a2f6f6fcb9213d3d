import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { ConfigError } from '#lib/errors.ts';
import { MAX_ENVIRONMENT } from '#schemas/ids.ts';
import { isAddressable } from '#schemas/names.ts';

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
  /** What the server's identify may bind; null = any number. */
  readonly identifyLimit: IdentifyLimit | null;
  /** User property that holds the id of a user's account, as it is sent; empty = none does. */
  readonly accountIdProperty: string;
  /** Tracking plan that the collector checks inputs against; null = none. */
  readonly plan: PlanOption | null;
};

/** What is done about an input that is not as the tracking plan says. */
export type PlanOption = {
  /** Plan file; in the registry relative to the registry's folder, here whole. */
  readonly file: string;
  /** `warn` takes a violation of a planned event and counts it, `reject` refuses it. */
  readonly mode: 'warn' | 'reject';
  /** What becomes of events that the plan does not name. What is captured by itself is never refused for that. */
  readonly unplanned: 'allow' | 'warn' | 'reject';
};

/** How many user ids the server's identify may bind to one identity within a span of days. Source: Heap's v1/identify. */
export type IdentifyLimit = { readonly userIds: number; readonly days: number };

/** Heap's limit. */
export const DEFAULT_IDENTIFY_LIMIT: IdentifyLimit = { userIds: 10, days: 30 };

export const DEFAULT_OPTIONS: EnvironmentOptions = {
  bots: 'flag',
  excludedIps: [],
  keepIp: true,
  identifyLimit: DEFAULT_IDENTIFY_LIMIT,
  accountIdProperty: '',
  plan: null,
};

/** The identify limit of an environment, by its number; one that is not in the registry has the default. */
export function identifyLimitOf(environments: readonly Environment[], number: number): IdentifyLimit | null {
  const known = environments.find((environment) => environment.number === number);
  return (known?.options ?? DEFAULT_OPTIONS).identifyLimit;
}

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
    readEnvironment(entry, dirname(file), (problem) => problems.push(`${file}, entry ${index}: ${problem}`)),
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
const OPTIONS = ['bots', 'excludedIps', 'keepIp', 'identifyLimit', 'accountIdProperty', 'plan'];

/** Largest values of the identify limit: the loader keeps that many times of an identity while it judges. */
const MOST_LIMITED: IdentifyLimit = { userIds: 1000, days: 3650 };

function readEnvironment(entry: unknown, folder: string, problem: (text: string) => void): Environment {
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
    options: readOptions(options, folder, problem),
  };
}

function readOptions(options: unknown, folder: string, problem: (text: string) => void): EnvironmentOptions {
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
  const { accountIdProperty } = merged;
  if (
    typeof accountIdProperty !== 'string' ||
    (accountIdProperty !== '' && !isAddressable(accountIdProperty))
  ) {
    problem(
      `options.accountIdProperty: want the name of a user property that can be a column, current value is ${JSON.stringify(accountIdProperty)}`,
    );
  }
  return {
    ...merged,
    identifyLimit: readIdentifyLimit(merged.identifyLimit, problem),
    plan: readPlanOption(merged.plan, folder, problem),
  };
}

function readPlanOption(value: unknown, folder: string, problem: (text: string) => void): PlanOption | null {
  if (value === null) return null;
  if (typeof value !== 'object' || Array.isArray(value) || typeof (value as PlanOption).file !== 'string') {
    problem(
      `options.plan: want {"file":"plan.yaml","mode":"warn"}, or null for none, current value is ${JSON.stringify(value)}`,
    );
    return null;
  }
  const { file, mode = 'warn', unplanned = 'allow', ...others } = value as PlanOption;
  for (const field of Object.keys(others)) problem(`unknown field options.plan.${field}`);
  if (file === '') problem('options.plan.file: it is empty');
  if (mode !== 'warn' && mode !== 'reject')
    problem(`options.plan.mode: want warn or reject, current value is ${JSON.stringify(mode)}`);
  if (!['allow', 'warn', 'reject'].includes(unplanned))
    problem(
      `options.plan.unplanned: want allow, warn or reject, current value is ${JSON.stringify(unplanned)}`,
    );
  return { file: resolve(folder, file), mode, unplanned };
}

/** No limit where it is null, or where one of its numbers is 0. */
function readIdentifyLimit(value: unknown, problem: (text: string) => void): IdentifyLimit | null {
  if (value === null) return null;
  if (typeof value !== 'object' || Array.isArray(value)) {
    problem(
      `options.identifyLimit: want {"userIds":10,"days":30}, or null for none, current value is ${JSON.stringify(value)}`,
    );
    return null;
  }
  const limit = { ...DEFAULT_IDENTIFY_LIMIT, ...value };
  for (const field of Object.keys(value))
    if (!(field in DEFAULT_IDENTIFY_LIMIT)) problem(`unknown field options.identifyLimit.${field}`);
  for (const field of ['userIds', 'days'] as const) {
    const most = MOST_LIMITED[field];
    if (!Number.isInteger(limit[field]) || limit[field] < 0 || limit[field] > most)
      problem(
        `options.identifyLimit.${field}: want 0..${most}, 0 for no limit, current value is ${JSON.stringify(limit[field])}`,
      );
  }
  return limit.userIds === 0 || limit.days === 0 ? null : { userIds: limit.userIds, days: limit.days };
}
