import { runCli } from './run-cli.ts';
import { written } from './written.ts';

const LAUNCHER_CHECK_MS = 500;

const stop = new AbortController();
// A launcher that goes away (its channel closes) asks to stop as a signal does.
for (const event of ['SIGINT', 'SIGTERM', 'disconnect']) process.on(event, () => stop.abort());

// Nobody could stop a stack whose npm was killed: npm gives no channel, but its end gives another parent.
if (process.env['npm_lifecycle_event'] !== undefined) {
  const launcher = process.ppid;
  setInterval(() => process.ppid !== launcher && stop.abort(), LAUNCHER_CHECK_MS).unref();
}

// A reader that has seen enough, such as head, is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  process.stderr.write(`Cannot write the answer: ${error.message}\n`);
  process.exit(1);
});

const { env, stdin, stdout, stderr } = process;
const code = await runCli(process.argv.slice(2), { env, stdin, stdout, stderr, signal: stop.signal });
await Promise.all([written(stdout), written(stderr)]);
process.exit(code);
