import type { Readable, Writable } from 'node:stream';

export type Variables = Readonly<Record<string, string | undefined>>;

/** What a command may touch of the process it runs in. Answers go to stdout, everything else to stderr. */
export type Context = {
  readonly env: Variables;
  readonly stdin: Readable;
  readonly stdout: Writable & { isTTY?: boolean; columns?: number };
  readonly stderr: Writable & { isTTY?: boolean };
  /** Aborted when the process is asked to stop. */
  readonly signal: AbortSignal;
};

export type Option = {
  readonly type: 'string' | 'boolean';
  /** The option may be given several times. */
  readonly multiple?: boolean;
  /** What stands for the value in the help, such as `DURATION`. */
  readonly value?: string;
  readonly doc: string;
};

export type OptionTable = Readonly<Record<string, Option>>;

export type ValueOf<O extends Option> = O extends { type: 'boolean' }
  ? boolean
  : O extends { multiple: true }
    ? readonly string[]
    : string | undefined;

export type Values<O extends OptionTable> = { readonly [K in keyof O]: ValueOf<O[K]> };

type AnyValues = Readonly<Record<string, boolean | string | undefined | readonly string[]>>;

/** An option with its value, as it was given. */
export type Given = { readonly option: string; readonly value: string };

/** Exit code of what Ctrl-C ended, as shells report it. */
export const INTERRUPTED = 130;

/** One command of the program: its help and what it does. */
export type Command = {
  /** Arguments after the command's name, such as `--step NAME [--json]`. */
  readonly usage: string;
  /** Paragraph of the help. */
  readonly about: string;
  readonly options: OptionTable;
  /** Largest number of arguments that are not options. */
  readonly maxArguments: number;
  /** True where `run` itself ends on the context's signal; other commands are abandoned then. */
  readonly handlesStop?: boolean;
  /** Command lines without the program's name, each with what it is for. */
  readonly examples: readonly (readonly [line: string, does: string])[];
  /** Returns the exit code: 0 done, 1 failed. `given` has the options in their order, where that means something. */
  run(
    values: AnyValues,
    positionals: readonly string[],
    context: Context,
    given: readonly Given[],
  ): Promise<number>;
};

/** The option every command has. */
export const JSON_OPTION = {
  json: { type: 'boolean', doc: 'print JSON on stdout' },
} as const satisfies OptionTable;

/** Types the values `run` gets after the command's own options. */
export function defineCommand<const O extends OptionTable>(
  command: Omit<Command, 'run' | 'options'> & {
    options: O;
    run(
      values: Values<O>,
      positionals: readonly string[],
      context: Context,
      given: readonly Given[],
    ): Promise<number>;
  },
): Command {
  return command as Command;
}
