import { didYouMean } from '#lib/near-names.ts';
import { UsageError } from '../usage-error.ts';
import type { RowRefusal, Values } from './source.ts';
import type { Subject } from './subject.ts';
import { typedValue, VALUE_TYPES, type ValueType } from './typed-value.ts';

export type MappingOptions = {
  readonly subject: Subject;
  /** Column of the identity or account id. */
  readonly idColumn: string;
  /** `COLUMN=PROPERTY` each. */
  readonly map: readonly string[];
  readonly only: readonly string[];
  readonly skip: readonly string[];
  /** `COLUMN=TYPE` each. */
  readonly types: readonly string[];
  /** Texts that stand for no value. */
  readonly nulls: readonly string[];
};

/** A row as the collector takes it. */
export type MappedRow = { readonly id: unknown; readonly properties: Readonly<Record<string, unknown>> };

type Target = { readonly property: string; readonly type: ValueType | undefined };

/** Which column becomes what: the rules of the command line, and of the collector as far as names go. */
export class RowMapping {
  readonly #options: MappingOptions;
  readonly #renamed: ReadonlyMap<string, string>;
  readonly #types: ReadonlyMap<string, ValueType>;
  readonly #only: ReadonlySet<string>;
  readonly #skip: ReadonlySet<string>;
  readonly #targets = new Map<string, Target | undefined>();

  /** Throws UsageError where options contradict each other. */
  constructor(options: MappingOptions) {
    this.#options = options;
    this.#renamed = pairs('--map COLUMN=PROPERTY', options.map);
    this.#types = new Map(
      [...pairs('--types COLUMN=TYPE', options.types)].map(([column, type]) => [
        column,
        valueType(column, type),
      ]),
    );
    this.#only = new Set(options.only);
    this.#skip = new Set(options.skip);
    if (this.#only.size > 0 && this.#skip.size > 0) throw new UsageError('Want --only or --skip, not both');
    checkTwice(this.#renamed);
  }

  /**
   * Columns a file has, in its order: those that become properties. Throws UsageError where an option names a
   * column that is not there, two columns would become one property, or a name is reserved.
   */
  check(columns: readonly string[]): readonly string[] {
    const { subject, idColumn } = this.#options;
    const [only = ''] = columns;
    const hint =
      columns.length === 1 && /[;\t|]/.test(only) ? '; if cells end otherwise, say --delimiter' : '';
    const there = `the columns are ${columns.map((column) => JSON.stringify(column)).join(', ')}${hint}`;
    const twice = columns.find((column, index) => column !== '' && columns.indexOf(column) !== index);
    if (twice !== undefined) throw new UsageError(`Two columns are named ${JSON.stringify(twice)}; ${there}`);
    if (!columns.includes(idColumn)) {
      throw new UsageError(
        `No column ${JSON.stringify(idColumn)}: say with ${subject.option} COLUMN which one names the ` +
          `${subject.name}; ${there}`,
      );
    }
    for (const column of [...this.#renamed.keys(), ...this.#types.keys(), ...this.#only, ...this.#skip]) {
      if (!columns.includes(column))
        throw new UsageError(`No column ${JSON.stringify(column)}${didYouMean(column, columns)}; ${there}`);
    }
    const taken = new Map<string, string>();
    return columns.filter((column) => {
      const target = this.#targetOf(column);
      if (target === undefined) return false;
      const other = taken.get(target.property);
      if (other !== undefined) {
        throw new UsageError(
          `Columns ${JSON.stringify(other)} and ${JSON.stringify(column)} would both become property ${JSON.stringify(target.property)}`,
        );
      }
      taken.set(target.property, column);
      if (subject.reserved.includes(target.property.toLowerCase())) {
        throw new UsageError(
          `Column ${JSON.stringify(column)} cannot become property ${JSON.stringify(target.property)}, which is reserved: ` +
            `--map ${column}=NAME renames it, --skip ${column} leaves it out`,
        );
      }
      return true;
    });
  }

  /** Whether a column's values are needed at all. */
  isWanted(column: string): boolean {
    return column === this.#options.idColumn || this.#targetOf(column) !== undefined;
  }

  /** The type a column's texts are read as; undefined where they are sent as they are. */
  typeOf(column: string): ValueType | undefined {
    return this.#types.get(column);
  }

  /** A row's identity and properties; a value that is absent, empty or a null's text is not sent. */
  map(values: Values): MappedRow | RowRefusal {
    const { idColumn, nulls } = this.#options;
    const properties: Record<string, unknown> = Object.create(null);
    for (const column of Object.keys(values)) {
      const value = values[column];
      const target = this.#targetOf(column);
      if (target === undefined || isAbsent(value, nulls)) continue;
      if (typeof value === 'number' && !Number.isFinite(value)) return outOfRange(column);
      if (target.type === undefined) {
        properties[target.property] = value;
        continue;
      }
      const typed = typedValue(value, target.type, column);
      if ('code' in typed) return typed;
      properties[target.property] = typed.value;
    }
    const id = Object.hasOwn(values, idColumn) ? values[idColumn] : undefined;
    return { id: isAbsent(id, nulls) ? undefined : id, properties };
  }

  #targetOf(column: string): Target | undefined {
    if (this.#targets.has(column)) return this.#targets.get(column);
    const target = this.#decide(column);
    // A file of JSON lines may have any number of names.
    if (this.#targets.size < 10_000) this.#targets.set(column, target);
    return target;
  }

  #decide(column: string): Target | undefined {
    const renamed = this.#renamed.get(column);
    if (column === '' || this.#skip.has(column)) return undefined;
    if (this.#only.size > 0 && !this.#only.has(column)) return undefined;
    if (column === this.#options.idColumn && renamed === undefined) return undefined;
    return { property: renamed ?? column, type: this.#types.get(column) };
  }
}

function isAbsent(value: unknown, nulls: readonly string[]): boolean {
  return value === undefined || value === null || (nulls.length > 0 && nulls.includes(value as string));
}

/** JSON has no such number: it would be lost without a word. */
function outOfRange(column: string): RowRefusal {
  const message = `Cannot read column ${JSON.stringify(column)}: its number is out of range`;
  return { code: 'invalid_number', message };
}

function pairs(option: string, texts: readonly string[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const text of texts) {
    const at = text.lastIndexOf('=');
    if (at < 1 || at === text.length - 1)
      throw new UsageError(`Cannot read ${option}: current value is ${JSON.stringify(text)}`);
    const column = text.slice(0, at);
    if (found.has(column))
      throw new UsageError(`${option.split(' ')[0]} names column ${JSON.stringify(column)} twice`);
    found.set(column, text.slice(at + 1));
  }
  return found;
}

function valueType(column: string, type: string): ValueType {
  const found = VALUE_TYPES.find((one) => one === type);
  if (found === undefined) {
    throw new UsageError(
      `Unknown type ${JSON.stringify(type)} of column ${JSON.stringify(column)}; there is ${VALUE_TYPES.join(', ')}`,
    );
  }
  return found;
}

function checkTwice(renamed: ReadonlyMap<string, string>): void {
  const properties = [...renamed.values()];
  const twice = properties.find((property, index) => properties.indexOf(property) !== index);
  if (twice !== undefined) throw new UsageError(`--map gives two columns the name ${JSON.stringify(twice)}`);
}
