import { existsSync } from 'node:fs';
import { definedEvents } from '#queries/definitions/definition-set.ts';
import type { Definitions } from '#queries/written/read-event.ts';
import { DEFAULT_DIRECTORY, loadGoodDefinitions } from '../definitions/load-definitions.ts';

/**
 * Definitions that a written question may name, of a directory. Those of the default one where none is given, if there is one. They are read
 * only where the question seems to name one. Throws UsageError or CommandError where they cannot be used.
 */
export function readDefinitionsOf(directory: string | undefined, written: unknown): Definitions {
  const namesOne = /"@|"definition"/.test(JSON.stringify(written) ?? '');
  if (!namesOne || (directory === undefined && !existsSync(DEFAULT_DIRECTORY))) return new Map();
  return definedEvents(loadGoodDefinitions(directory ?? DEFAULT_DIRECTORY));
}
