import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type DefinitionSet, errorsOf, readDefinitions } from '#queries/definitions/definition-set.ts';
import { CommandError, UsageError } from '../usage-error.ts';

/** Where definitions lie if nobody says otherwise: a folder of the place the command is called in. */
export const DEFAULT_DIRECTORY = 'definitions';

/** Files of a folder of definitions. */
const MOST_FILES = 2000;

/**
 * The definitions of a folder and the folders in it: all files that end in .yaml or .yml. Throws UsageError where it cannot be read;
 * what is wrong in the files is in the set's problems.
 */
export function loadDefinitions(directory: string): DefinitionSet {
  try {
    if (!statSync(directory).isDirectory()) throw new Error('it is no directory');
    const files = readdirSync(directory, { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.ya?ml$/.test(file))
      .map((file) => join(directory, file));
    if (files.length > MOST_FILES) {
      throw new Error(`want at most ${MOST_FILES} files, current number is ${files.length}`);
    }
    return readDefinitions(files.map((file) => ({ file, text: readFileSync(file, 'utf8') })));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      throw new UsageError(`Cannot read the definitions of ${directory}: there is no such directory`);
    }
    throw new UsageError(`Cannot read the definitions of ${directory}: ${(error as Error).message}`);
  }
}

/** The same, for a command that cannot do anything with wrong ones. Throws CommandError with every problem. */
export function loadGoodDefinitions(directory: string): DefinitionSet {
  const set = loadDefinitions(directory);
  const errors = errorsOf(set);
  if (errors.length > 0) throw new CommandError(errors.join('\n'));
  return set;
}
