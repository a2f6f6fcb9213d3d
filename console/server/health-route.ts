import type { ConsolePorts } from '../ports.ts';
import { AnswerError } from './answers.ts';
import type { App } from './app.ts';

/** All who look at the same time share one look, and it stays good for so long. */
const STATUS_FRESH_MS = 2000;
const LETTERS_FRESH_MS = 15_000;

/** `GET /api/health` and `GET /api/dead-letters`. They speak of the installation, so who may see one environment sees no letters. */
export function addHealth({ server, visitor }: App, ports: ConsolePorts): void {
  const status = shared(() => ports.status(), STATUS_FRESH_MS);
  const letters = shared(() => ports.deadLetters(), LETTERS_FRESH_MS);
  server.get('/api/health', async (request) => {
    visitor(request);
    return status().catch(unavailable);
  });
  server.get('/api/dead-letters', async (request) => {
    const { session } = visitor(request);
    if (session.environment !== undefined)
      throw new AnswerError(
        403,
        'not_yours',
        'Dead letters are of all environments: log in with the console’s own key to see them',
      );
    return letters().catch(unavailable);
  });
}

function unavailable(cause: Error): never {
  throw new AnswerError(503, 'unavailable', cause.message, { cause });
}

function shared<T>(look: () => Promise<T>, freshMs: number): () => Promise<T> {
  let last: { readonly answer: Promise<T>; doneAtMs: number } | undefined;
  return () => {
    if (last !== undefined && performance.now() - last.doneAtMs < freshMs) return last.answer;
    const own = { answer: look(), doneAtMs: Number.POSITIVE_INFINITY };
    last = own;
    own.answer.then(
      () => {
        own.doneAtMs = performance.now();
      },
      () => {
        last = undefined;
      },
    );
    return own.answer;
  };
}
