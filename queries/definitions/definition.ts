import type { EventMatch, EventPattern } from '../event-match.ts';

export const DEFINITION_KINDS = ['event', 'combo', 'label'] as const;
export type DefinitionKind = (typeof DEFINITION_KINDS)[number];

/** Where something is written; lines and columns count from 1. */
export type SourcePlace = { readonly file: string; readonly line: number; readonly column: number };

/** What a combo is made of: another definition, or events of a name as sent. */
export type ComboPart = { readonly definition: string } | { readonly event: string };

/** What a definition says by itself: events, or other definitions. */
export type Meaning = EventPattern | { readonly anyOf: readonly ComboPart[] };

/** An event that somebody has given a name: over raw events, those from before included. */
export type Definition = {
  readonly name: string;
  /** `event`: captured events picked out by conditions. `combo`: any of several. `label`: another name of a raw event. */
  readonly kind: DefinitionKind;
  readonly meaning: Meaning;
  /** Empty = none, as are owner, description and what was changed. */
  readonly category: string;
  readonly owner: string;
  readonly description: string;
  /** Somebody has looked at what it counts. */
  readonly verified: boolean;
  /** Counted by those who write it; 1 where they do not. */
  readonly version: number;
  readonly changed: string;
  /** Kept for those who want to know, and no event any more. */
  readonly archived: boolean;
  readonly place: SourcePlace;
  /** Its own part of the file. */
  readonly yaml: string;
};

/** A definition and the events it stands for, those of its parts included. */
export type DefinedEvent = { readonly definition: Definition; readonly match: EventMatch };

/** What is wrong with a definition. A warning is told and is no failure. */
export type DefinitionProblem = {
  readonly place: SourcePlace;
  readonly severity: 'error' | 'warning';
  readonly problem: string;
};

/** `file:line:column: problem`, as editors and CI systems read it. */
export function definitionProblemText({ place, severity, problem }: DefinitionProblem): string {
  const { file, line, column } = place;
  return `${file}:${line}:${column}: ${severity === 'warning' ? 'warning: ' : ''}${problem}`;
}

export function isCombo(meaning: Meaning): meaning is { readonly anyOf: readonly ComboPart[] } {
  return 'anyOf' in meaning;
}
