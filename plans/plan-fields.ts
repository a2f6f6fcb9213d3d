import { isAlias, isMap, isScalar, isSeq, type Node } from 'yaml';
import { nearNames } from '#lib/near-names.ts';

/** Fields of a map in a plan file, those that are known and given. */
export type Fields = { readonly what: string; readonly nodes: ReadonlyMap<string, Node> };

export type Entry = { readonly name: string; readonly value: Node | null; readonly line: number };

/** Reads nodes of a plan file and tells of what is wrong with each; goes on with what can be used. */
export class PlanFields {
  readonly problem: (node: Node | null, problem: string) => void;
  readonly lineOf: (node: Node | null) => number;

  constructor(problem: (node: Node | null, problem: string) => void, lineOf: (node: Node | null) => number) {
    this.problem = problem;
    this.lineOf = lineOf;
  }

  /** Named entries of a map; none where there is no node. Names are texts, each once. */
  entries(node: Node | null, what: string, longestName: number): readonly Entry[] {
    if (isNothing(node)) return [];
    if (!isMap(node)) {
      this.problem(node, `${what}: want a map of names, current value is ${kindOf(node)}`);
      return [];
    }
    const entries: Entry[] = [];
    const lines = new Map<string, number>();
    for (const pair of node.items) {
      const key = pair.key as Node | null;
      if (
        !isScalar(key) ||
        key.value === null ||
        typeof key.value === 'object' ||
        String(key.value).trim() === ''
      ) {
        this.problem(key ?? node, `${what}: want a name, current value is ${kindOf(key)}`);
        continue;
      }
      const name = typeof key.value === 'string' ? key.value : (key.source ?? String(key.value));
      const line = this.lineOf(key);
      const first = lines.get(name);
      if (first !== undefined)
        this.problem(key, `${what}: ${JSON.stringify(name)} is there twice, first in line ${first}`);
      else if (name.length > longestName)
        this.problem(
          key,
          `${what}: want names of at most ${longestName} characters, current length is ${name.length}`,
        );
      else entries.push({ name, value: pair.value as Node | null, line });
      lines.set(name, first ?? line);
    }
    return entries;
  }

  /** A map of which each field is known. */
  map(node: Node | null, what: string, known: readonly string[]): Fields {
    const nodes = new Map<string, Node>();
    for (const { name, value } of this.entries(node, what, Number.POSITIVE_INFINITY)) {
      const near = nearNames(name, known);
      if (!known.includes(name))
        this.problem(
          value ?? node,
          `${what}: unknown field ${JSON.stringify(name)}${near.length > 0 ? `; did you mean ${near.join(', ')}?` : `; there is ${known.join(', ')}`}`,
        );
      else if (value !== null && !isNothing(value)) nodes.set(name, value);
    }
    return { what, nodes };
  }

  /** A scalar's value; undefined where there is none. */
  value({ what, nodes }: Fields, field: string): unknown {
    const node = nodes.get(field) ?? null;
    if (node === null) return undefined;
    if (isScalar(node)) return node.value;
    this.problem(node, `${what}, ${field}: want one value, current value is ${kindOf(node)}`);
    return undefined;
  }

  text(fields: Fields, field: string): string {
    const value = this.value(fields, field);
    if (value === undefined || typeof value === 'string') return value ?? '';
    this.#wrong(fields, field, 'a text', value);
    return '';
  }

  boolean(fields: Fields, field: string): boolean {
    const value = this.value(fields, field);
    if (value === undefined || typeof value === 'boolean') return value ?? false;
    // YAML 1.2 has no yes and no; people write them.
    if (value === 'yes' || value === 'no') return value === 'yes';
    this.#wrong(fields, field, 'yes or no', value);
    return false;
  }

  number(fields: Fields, field: string): number | undefined {
    const value = this.value(fields, field);
    if (value === undefined || (typeof value === 'number' && Number.isFinite(value))) return value;
    this.#wrong(fields, field, 'a number', value);
    return undefined;
  }

  oneOf<const T extends string>(fields: Fields, field: string, known: readonly T[], otherwise: T): T {
    const value = this.value(fields, field);
    if (value === undefined) return otherwise;
    const found = known.find((one) => one === value);
    if (found === undefined) this.#wrong(fields, field, `one of ${known.join(', ')}`, value);
    return found ?? otherwise;
  }

  /** Scalars of a list; undefined where there is no list. */
  values({ what, nodes }: Fields, field: string): readonly (string | number | boolean)[] | undefined {
    const node = nodes.get(field);
    if (node === undefined) return undefined;
    const values = isSeq(node) ? node.items.map((item) => (isScalar(item) ? item.value : undefined)) : [];
    const isScalarValue = (value: unknown) => ['string', 'number', 'boolean'].includes(typeof value);
    if (values.length === 0 || !values.every(isScalarValue)) {
      this.problem(node, `${what}, ${field}: want a list of values, current value is ${kindOf(node)}`);
      return undefined;
    }
    return values as (string | number | boolean)[];
  }

  #wrong({ what, nodes }: Fields, field: string, want: string, value: unknown): void {
    this.problem(
      nodes.get(field) ?? null,
      `${what}, ${field}: want ${want}, current value is ${JSON.stringify(value)}`,
    );
  }
}

function isNothing(node: Node | null): boolean {
  return node === null || (isScalar(node) && node.value === null);
}

function kindOf(node: Node | null): string {
  if (isMap(node)) return 'a map';
  if (isSeq(node)) return 'a list';
  if (isAlias(node)) return 'an alias';
  return isScalar(node) ? JSON.stringify(node.value) : 'nothing';
}
