import { hash } from 'node:crypto';
import type { DefinedEvent } from './definition.ts';

const KEPT_DIGITS = 16;

/**
 * A name for exactly this content of a definition, whoever wrote it in which file and how: what is said of it, and the events
 * it stands for with those of its parts. Hex digits of SHA-256.
 */
export function definitionHash({ definition, match }: DefinedEvent): string {
  const { name, kind, category, owner, description, verified, version, changed } = definition;
  const content = [name, kind, category, owner, description, verified, version, changed, match.anyOf];
  return hash('sha256', JSON.stringify(content), 'hex').slice(0, KEPT_DIGITS);
}

/** A name for a statement: a view is made again where it would be another. */
export function statementHash(sql: string): string {
  return hash('sha256', sql, 'hex').slice(0, KEPT_DIGITS);
}
