import { parseArgs } from 'node:util';
import { didYouMean } from '#lib/near-names.ts';
import type { Command, Given, OptionTable } from './command.ts';
import { UsageError } from './usage-error.ts';

export type Parsed = {
  readonly values: Record<string, boolean | string | undefined | string[]>;
  readonly positionals: string[];
  /** Options with a value, in the order of the command line. */
  readonly given: readonly Given[];
};

/** Reads a command's arguments. Throws UsageError that names the argument and, where one is near, the right one. */
export function parseArguments(command: Command, args: readonly string[]): Parsed {
  const { options, maxArguments } = command;
  const { tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(Object.entries(options).map(([name, { type }]) => [name, { type }])),
    strict: false,
    tokens: true,
  });
  const values: Parsed['values'] = Object.fromEntries(
    Object.entries(options).map(([name, { type, multiple }]) => [
      name,
      type === 'boolean' ? false : multiple ? [] : undefined,
    ]),
  );
  const positionals: string[] = [];
  const given: Given[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind !== 'option') continue;
    setOption(options, values, token);
    if (token.value !== undefined) given.push({ option: token.name, value: token.value });
  }
  const surplus = positionals[maxArguments];
  if (surplus !== undefined) throw new UsageError(`Unexpected argument ${JSON.stringify(surplus)}`);
  return { values, positionals, given };
}

function setOption(
  options: OptionTable,
  values: Parsed['values'],
  { name, rawName, value }: { name: string; rawName: string; value: string | undefined },
): void {
  const option = Object.hasOwn(options, name) ? options[name] : undefined;
  if (option === undefined) {
    const known = [...Object.keys(options), 'help'].map((candidate) => `--${candidate}`);
    throw new UsageError(`Unknown option ${rawName}${didYouMean(rawName, known)}`);
  }
  if (option.type === 'boolean') {
    if (value !== undefined) throw new UsageError(`Option ${rawName} takes no value`);
    values[name] = true;
  } else if (value === undefined) {
    throw new UsageError(`Option ${rawName} needs a value: ${rawName} ${option.value ?? 'VALUE'}`);
  } else if (option.multiple) {
    (values[name] as string[]).push(value);
  } else if (values[name] !== undefined) {
    throw new UsageError(`Option ${rawName} is given twice`);
  } else {
    values[name] = value;
  }
}
