import { writeFileSync } from 'node:fs';
import { CommandError } from '../usage-error.ts';

/** Writes a new file. Throws CommandError where there is one, unless it may be replaced, and where it cannot be written. */
export function writeOutput(file: string, text: string, mayReplace: boolean): void {
  try {
    writeFileSync(file, text, { flag: mayReplace ? 'w' : 'wx' });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST')
      throw new CommandError(`Cannot write ${file}: it is there already; --force replaces it`);
    throw new CommandError(`Cannot write ${file}: ${message}`, { cause: error });
  }
}
