import { ConfigError, UnavailableError } from '#lib/errors.ts';
import { didYouMean } from '#lib/near-names.ts';
import { QuestionError } from '#queries/question-error.ts';
import { type Context, INTERRUPTED } from './command.ts';
import { COMMANDS } from './commands.ts';
import { commandHelp, programHelp } from './help.ts';
import { parseArguments } from './parse-arguments.ts';
import { CommandError, UsageError } from './usage-error.ts';

/** Exit codes of the program. */
const DONE = 0;
const FAILED = 1;
const WRONG_USE = 2;

/** Runs one command line and returns the exit code. Errors end up on stderr. */
export async function runCli(args: readonly string[], context: Context): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    return help(rest[0], name === undefined ? WRONG_USE : DONE, context);
  }
  const entry = entryOf(name);
  if (entry === undefined) return unknownCommand(name, context);
  try {
    const command = await entry.load();
    if (asksForHelp(rest)) return help(name, DONE, context);
    const { values, positionals, given } = parseArguments(command, rest);
    const run = command.run(values, positionals, context, given);
    return await (command.handlesStop ? run : Promise.race([run, interrupted(context)]));
  } catch (error) {
    if (error instanceof UsageError) {
      context.stderr.write(`${error.message}\nTry: cairn ${name} --help\n`);
      return WRONG_USE;
    }
    context.stderr.write(`${describe(error)}\n`);
    return FAILED;
  }
}

function interrupted({ signal }: Context): Promise<number> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(INTERRUPTED)));
}

function asksForHelp(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  return (end === -1 ? args : args.slice(0, end)).some((arg) => arg === '--help' || arg === '-h');
}

function entryOf(name: string) {
  return Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
}

function unknownCommand(name: string, { stderr }: Context): number {
  stderr.write(
    `Unknown command ${JSON.stringify(name)}${didYouMean(name, Object.keys(COMMANDS))}\nTry: cairn --help\n`,
  );
  return WRONG_USE;
}

async function help(name: string | undefined, exitCode: number, context: Context): Promise<number> {
  if (name === undefined) {
    (exitCode === DONE ? context.stdout : context.stderr).write(programHelp(COMMANDS));
    return exitCode;
  }
  const entry = entryOf(name);
  if (entry === undefined) return unknownCommand(name, context);
  context.stdout.write(commandHelp(name, await entry.load()));
  return exitCode;
}

/** Expected failures in a sentence; a bug with its stack. */
function describe(error: unknown): string {
  const isExpected =
    error instanceof CommandError ||
    error instanceof QuestionError ||
    error instanceof ConfigError ||
    error instanceof UnavailableError;
  if (isExpected) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
