import { createReadStream, statSync } from 'node:fs';
import { addAbortSignal, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { CommandError } from '../usage-error.ts';

/** Text of a file or of standard input, in pieces, and how much of it was read. */
export type FileText = {
  readonly text: AsyncIterable<string>;
  share(): number | undefined;
};

/** Reads UTF-8, unpacked where the name ends in `.gz`. Throws CommandError where it cannot be read. */
export function readText(file: string, stdin: Readable, signal: AbortSignal): FileText {
  // Nothing may come of standard input for hours, so a stop must end the wait.
  if (file === '-')
    return { text: decode(addAbortSignal(signal, stdin), 'standard input'), share: () => undefined };
  let size: number;
  try {
    size = statSync(file).size;
  } catch (cause) {
    throw new CommandError(`Cannot read ${file}: ${(cause as Error).message}`, { cause });
  }
  const stream = createReadStream(file, { highWaterMark: 256 * 1024 });
  const bytes = file.endsWith('.gz') ? stream.pipe(createGunzip()) : stream;
  if (bytes !== stream) stream.on('error', (error) => bytes.destroy(error));
  return { text: decode(bytes, file), share: () => (size === 0 ? 1 : stream.bytesRead / size) };
}

async function* decode(bytes: Readable, name: string): AsyncGenerator<string> {
  // A file in another encoding would be stored as question marks for ever: it is an error instead.
  const decoder = new TextDecoder('utf-8', { fatal: true });
  try {
    for await (const chunk of bytes) {
      const text = decoder.decode(chunk as Buffer, { stream: true });
      if (text !== '') yield text;
    }
    const rest = decoder.decode();
    if (rest !== '') yield rest;
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const reason =
      code === 'ERR_ENCODING_INVALID_ENCODED_DATA' ? 'it is not UTF-8; convert it first' : message;
    throw new CommandError(`Cannot read ${name}: ${reason}`, { cause });
  }
}
