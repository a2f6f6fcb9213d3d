import { didYouMean } from '#lib/near-names.ts';
import type { EventPattern } from '../event-match.ts';
import {
  type ComboPart,
  type DefinedEvent,
  type Definition,
  type DefinitionProblem,
  isCombo,
} from './definition.ts';

/** Patterns that one definition may come to with all its parts. */
const MOST_PATTERNS = 200;
/** Characters of them as JSON: a question carries them in an address. */
const LONGEST_MEANING = 100_000;
/** Combos within one another. */
const DEEPEST = 50;

/** What a definition's name leads to. */
type Resolved = { readonly anyOf: readonly EventPattern[] } | { readonly problem: string };

/**
 * The events that each definition stands for. A combo takes those of its parts, and is wrong where one of them is unknown,
 * archived, wrong itself, or the combo again.
 */
export function resolveDefinitions(definitions: readonly Definition[]): {
  readonly events: readonly DefinedEvent[];
  readonly problems: readonly DefinitionProblem[];
} {
  const resolver = new Resolver(definitions);
  const events: DefinedEvent[] = [];
  const problems: DefinitionProblem[] = [];
  for (const definition of definitions) {
    if (definition.archived) continue;
    const resolved = withinLength(definition.name, resolver.resolve(definition));
    if ('anyOf' in resolved) {
      events.push({ definition, match: { label: definition.name, anyOf: resolved.anyOf } });
    } else problems.push({ place: definition.place, severity: 'error', problem: resolved.problem });
  }
  return { events, problems };
}

function withinLength(name: string, resolved: Resolved): Resolved {
  const length = JSON.stringify(resolved).length;
  return 'problem' in resolved || length <= LONGEST_MEANING
    ? resolved
    : {
        problem: `${quoted(name)} comes to conditions of ${length} characters, want at most ${LONGEST_MEANING}`,
      };
}

class Resolver {
  readonly #byName: ReadonlyMap<string, Definition>;
  readonly #known = new Map<Definition, Resolved>();
  /** Combos that are being resolved, the outermost first. */
  readonly #under: Definition[] = [];

  constructor(definitions: readonly Definition[]) {
    // The first of a name is the one that counts; the others are told of as duplicates.
    this.#byName = new Map(definitions.toReversed().map((definition) => [definition.name, definition]));
  }

  resolve(definition: Definition): Resolved {
    const { meaning, name } = definition;
    if (!isCombo(meaning)) return { anyOf: [meaning] };
    const known = this.#known.get(definition);
    if (known !== undefined) return known;
    if (this.#under.includes(definition)) {
      const circle = [...this.#under.slice(this.#under.indexOf(definition)), definition];
      return { problem: `${quoted(name)} is a part of itself: ${circle.map((one) => one.name).join(' > ')}` };
    }
    if (this.#under.length >= DEEPEST) {
      return { problem: `${quoted(name)} lies within more than ${DEEPEST} combos, one in another` };
    }
    this.#under.push(definition);
    const resolved = this.#combine(name, meaning.anyOf);
    this.#under.pop();
    // What is found within a circle depends on where it was entered.
    if ('anyOf' in resolved || this.#under.length === 0) this.#known.set(definition, resolved);
    return resolved;
  }

  #combine(name: string, parts: readonly ComboPart[]): Resolved {
    const anyOf = new Map<string, EventPattern>();
    for (const part of parts) {
      const resolved =
        'event' in part ? { anyOf: [{ names: [part.event] }] } : this.#partOf(name, part.definition);
      if ('problem' in resolved) return resolved;
      for (const pattern of resolved.anyOf) anyOf.set(JSON.stringify(pattern), pattern);
    }
    if (anyOf.size > MOST_PATTERNS) {
      return {
        problem: `${quoted(name)} comes to ${anyOf.size} kinds of events with all its parts, want at most ${MOST_PATTERNS}`,
      };
    }
    return { anyOf: [...anyOf.values()] };
  }

  #partOf(combo: string, name: string): Resolved {
    const part = this.#byName.get(name);
    if (part === undefined) {
      const hint =
        didYouMean(
          name,
          [...this.#byName.keys()].filter((known) => known !== combo),
        ) || `; an event as it was sent is written { event: ${quoted(name)} }`;
      return { problem: `${quoted(combo)} names the unknown definition ${quoted(name)}${hint}` };
    }
    if (part.archived) return { problem: `${quoted(combo)} names ${quoted(name)}, which is archived` };
    const resolved = this.resolve(part);
    if ('anyOf' in resolved || resolved.problem.includes(' is a part of itself: ')) return resolved;
    return { problem: `${quoted(combo)} names ${quoted(name)}, which is wrong itself` };
  }
}

const quoted = (name: string) => JSON.stringify(name);
