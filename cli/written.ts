/**
 * Resolves when all that was written to a stream is out. A pipe takes 64 KiB at once and the rest when its reader has
 * read: a process that ends before has said half of it. Also resolves where the reader has gone.
 */
export function written(stream: NodeJS.WritableStream): Promise<void> {
  return new Promise((resolve) => stream.write('', () => resolve()));
}
