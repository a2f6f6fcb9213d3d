import { runCli } from './run-cli.ts';

const stop = new AbortController();
// A launcher that goes away (its channel closes) asks to stop as a signal does.
for (const event of ['SIGINT', 'SIGTERM', 'disconnect']) process.on(event, () => stop.abort());

// A reader that has seen enough, such as head, is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

const { env, stdin, stdout, stderr } = process;
process.exit(await runCli(process.argv.slice(2), { env, stdin, stdout, stderr, signal: stop.signal }));
