import type { DefinedEvent } from '#queries/definitions/definition.ts';
import { AnswerError } from './answers.ts';
import type { App } from './app.ts';

export type DefinitionRow = {
  readonly name: string;
  readonly kind: string;
  readonly category: string;
  readonly owner: string;
  readonly description: string;
  readonly verified: boolean;
};

/** `GET /api/definitions`: events that are defined in files, which questions name as `@Name`. */
export function addDefinitions({ server, visitor }: App, definitions: () => readonly DefinedEvent[]): void {
  server.get('/api/definitions', async (request): Promise<{ definitions: readonly DefinitionRow[] }> => {
    visitor(request);
    return {
      definitions: readDefinitions(definitions).map(
        ({ definition: { name, kind, category, owner, description, verified } }) => ({
          ...{ name, kind, category, owner, description, verified },
        }),
      ),
    };
  });
}

/** Read each time: definitions are edited while people look. Throws AnswerError with what is wrong in them. */
export function readDefinitions(read: () => readonly DefinedEvent[]): readonly DefinedEvent[] {
  try {
    return read();
  } catch (cause) {
    throw new AnswerError(422, 'bad_definitions', (cause as Error).message, { cause });
  }
}
