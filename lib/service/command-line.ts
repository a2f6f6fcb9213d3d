import { type ConfigOf, printConfig, readConfig, type Spec } from '#lib/config/spec.ts';
import { exitCodeOf } from '#lib/errors.ts';

/** What a command line asks for before any work starts, or the configuration to work with. */
export type CommandLine<S extends Spec> =
  | { readonly config: ConfigOf<S> }
  | { readonly exitCode: number; readonly stdout: string; readonly stderr: string };

/** Reads a service's arguments and settings. Pure: what to print and how to end are its answer. */
export function readCommandLine<S extends Spec>(
  spec: S,
  argv: readonly string[],
  variables: Readonly<Record<string, string | undefined>>,
): CommandLine<S> {
  const unknown = argv.find((argument) => argument !== '--help' && argument !== '--print-config');
  if (unknown !== undefined) {
    const stderr = `Cannot read the command line: unknown argument ${unknown}\n${USAGE}`;
    return { exitCode: 2, stdout: '', stderr };
  }
  if (argv.includes('--help')) return { exitCode: 0, stdout: helpText(spec), stderr: '' };
  try {
    const config = readConfig(spec, variables);
    if (!argv.includes('--print-config')) return { config };
    return { exitCode: 0, stdout: `${printConfig(spec, config)}\n`, stderr: '' };
  } catch (error) {
    return { exitCode: exitCodeOf(error), stdout: '', stderr: `${(error as Error).message}\n` };
  }
}

/**
 * Configuration of a service from the process's environment. Answers `--help` and `--print-config` itself
 * and ends the process then, as it does on a wrong argument (2) or a wrong setting (78).
 */
export function handleServiceFlags<S extends Spec>(
  spec: S,
  argv: readonly string[] = process.argv.slice(2),
): ConfigOf<S> {
  const answer = readCommandLine(spec, argv, process.env);
  if ('config' in answer) return answer.config;
  process.stdout.write(answer.stdout);
  process.stderr.write(answer.stderr);
  process.exit(answer.exitCode);
}

/** Markdown table of a spec: the section "Knobs" of a service's README, which a test holds to it. */
export function settingsTable(spec: Spec): string {
  const rows = Object.entries(spec).map(
    ([variable, setting]) => `| \`${variable}\` | ${defaultText(setting.default)} | ${setting.doc} |`,
  );
  return ['| variable | default | meaning |', '|---|---|---|', ...rows].join('\n');
}

const USAGE = 'Usage: main.ts [--help] [--print-config]\n';

function helpText(spec: Spec): string {
  const settings = Object.entries(spec).map(
    ([variable, setting]) =>
      `  ${variable} (default ${defaultText(setting.default)})\n      ${setting.doc}\n`,
  );
  return `${USAGE}\nSettings are environment variables:\n\n${settings.join('')}`;
}

function defaultText(value: unknown): string {
  const text = Array.isArray(value) ? value.join(',') : String(value);
  return text === '' ? 'none' : `\`${text}\``;
}
