import { createInterface } from 'node:readline';
import type { WholeStack } from './whole-stack.ts';

export type ConsoleProcess = {
  readonly url: string;
  stop(): Promise<void>;
};

/** `cairn console` on a stack, on a free port. */
export async function startConsoleProcess(
  stack: WholeStack,
  variables: Readonly<Record<string, string>> = {},
): Promise<ConsoleProcess> {
  const child = stack.start(['console', '--json', '--port', '0'], variables);
  let said = '';
  child.stderr?.on('data', (chunk) => {
    said += chunk;
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  const first = new Promise<string>((resolve) => lines.once('line', resolve));
  const died = exited.then((): never => {
    throw new Error(`Cannot start the console: it ended: ${said}`);
  });
  died.catch(() => undefined);
  const { url } = JSON.parse(await Promise.race([first, died])) as { url: string };
  return {
    url,
    async stop() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
      await exited;
    },
  };
}
