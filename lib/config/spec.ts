import { ConfigError } from '#lib/errors.ts';

/** One setting: what it is for, how its text is read, and its value where the variable is not set. */
export type Setting<T> = {
  readonly doc: string;
  /** Reads the variable's text. Throws an Error whose message says what was wanted. */
  readonly parse: (text: string) => T;
  readonly default: T;
  /** Shown as `***`, by `--print-config` and in errors. */
  readonly secret?: boolean;
  /** How the text is shown where a part of it is secret. */
  readonly hide?: (text: string) => string;
};

export type Spec = Readonly<Record<string, Setting<unknown>>>;

export type ConfigOf<S extends Spec> = { readonly [K in keyof S]: S[K] extends Setting<infer T> ? T : never };

/** Reads every setting of a spec from the environment. Throws one ConfigError that lists every problem. */
export function readConfig<S extends Spec>(
  spec: S,
  variables: Readonly<Record<string, string | undefined>>,
): ConfigOf<S> {
  const problems: string[] = [];
  const entries = Object.entries(spec).map(([variable, setting]) => {
    const text = variables[variable];
    if (text === undefined || text === '') return [variable, setting.default];
    try {
      return [variable, setting.parse(text)];
    } catch (error) {
      problems.push(
        `Cannot read ${variable}: ${(error as Error).message}, current value is ${JSON.stringify(shown(setting, text))}`,
      );
      return [variable, undefined];
    }
  });
  if (problems.length > 0) throw new ConfigError(problems);
  return Object.freeze(Object.fromEntries(entries));
}

/** Lines `VARIABLE=value` of a configuration, secrets hidden. */
export function printConfig<S extends Spec>(spec: S, config: ConfigOf<S>): string {
  return Object.entries(spec)
    .map(([variable, setting]) => `${variable}=${shown(setting, String(config[variable] ?? ''))}`)
    .join('\n');
}

function shown({ secret, hide }: Setting<unknown>, text: string): string {
  if (secret) return '***';
  return hide === undefined ? text : hide(text);
}
