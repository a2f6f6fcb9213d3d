/**
 * A ClickHouse server in a process of its own: node --experimental-ffi clickhouse-server.ts LIBRARY DIR PORT CONFIG.
 * It stops cleanly on SIGTERM.
 *
 * The library runs ClickHouse's command line, not its server; but a command line can be told to listen, and
 * does so until its last query ends. That query reads a pipe nobody writes to, and closing the pipe ends it.
 * The call blocks its thread, hence the worker: the main thread stays free for the signal.
 */

import ffi from 'node:ffi';
import { closeSync, writeSync } from 'node:fs';
import { isMainThread, Worker, workerData } from 'node:worker_threads';

const STANDARD_ERROR = 2;
const [library = '', directory = '', port = '', config = ''] = process.argv.slice(2);

if (isMainThread) superviseServer();
else runServer(workerData as number);

function superviseServer(): void {
  const { functions } = ffi.dlopen(null, { pipe: { arguments: ['pointer'], return: 'i32' } });
  const ends = new Int32Array(2);
  if (functions.pipe(ffi.getRawPointer(ends)) !== 0) throw new Error('Cannot create a pipe');
  const [readEnd = -1, writeEnd = -1] = ends;
  new Worker(new URL(import.meta.url), { workerData: readEnd, argv: process.argv.slice(2) });
  process.once('SIGTERM', () => {
    closeSync(writeEnd);
    // A second one must not kill a server that is still writing.
    process.on('SIGTERM', () => {});
  });
}

/** Serves until the pipe ends, then ends the process. */
function runServer(pipe: number): void {
  const { functions } = ffi.dlopen(library, {
    chdb_set_signal_handlers_enabled: { arguments: ['i32'], return: 'void' },
    chdb_query_cmdline: { arguments: ['i32', 'pointer'], return: 'pointer' },
    chdb_result_error: { arguments: ['pointer'], return: 'pointer' },
  });
  const { functions: libc } = ffi.dlopen(null, { _exit: { arguments: ['i32'], return: 'void' } });
  functions.chdb_set_signal_handlers_enabled(0);
  const words = [
    'clickhouse',
    `--config-file=${config}`,
    `--path=${directory}`,
    `--http_port=${port}`,
    '--listen_host=127.0.0.1',
    '--query',
    `SYSTEM START LISTEN HTTP; SELECT * FROM file('/dev/fd/${pipe}', 'LineAsString') FORMAT Null`,
  ].map((word) => Buffer.from(`${word}\0`));
  // argv: pointers to the words, then a null pointer.
  const argv = new BigUint64Array(words.length + 1);
  words.forEach((word, index) => {
    argv[index] = ffi.getRawPointer(word);
  });
  const result = functions.chdb_query_cmdline(words.length, ffi.getRawPointer(argv));
  const error = functions.chdb_result_error(result);
  if (error !== 0n) writeSync(STANDARD_ERROR, `${ffi.toString(error)}\n`);
  // Not process.exit: what the library leaves to the end of the process crashes there, and all is written by now.
  libc._exit(error === 0n ? 0 : 1);
}
