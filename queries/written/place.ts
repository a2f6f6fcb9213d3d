/** What is wrong at one place of something written. */
export type Problem = {
  /** Such as `steps[2].where[0]`; empty = the whole of it. */
  readonly path: string;
  /** What was wanted, and the current value. */
  readonly problem: string;
};

/** `steps[2].where[0]: want ...`, as one line. */
export function problemText({ path, problem }: Problem): string {
  return path === '' ? problem : `${path}: ${problem}`;
}

/** Where a reader is, and where it says what is wrong there. */
export class Place {
  readonly path: string;
  readonly #problems: Problem[];

  constructor(path: string, problems: Problem[]) {
    this.path = path;
    this.#problems = problems;
  }

  /** The place of a key's value, or of an element, which is counted from 0. */
  at(key: string | number): Place {
    const path =
      typeof key === 'number' ? `${this.path}[${key}]` : this.path === '' ? key : `${this.path}.${key}`;
    return new Place(path, this.#problems);
  }

  /** Notes a problem. Returns undefined: what there is no value for. */
  refuse(problem: string): undefined {
    this.#problems.push({ path: this.path, problem });
  }

  /** Notes that a value is not what is wanted. */
  want(wanted: string, value: unknown): undefined {
    return this.refuse(`want ${wanted}, current value is ${shown(value)}`);
  }
}

const LONGEST_SHOWN = 80;

/** A value in a message: as JSON, cut where it is long. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}...` : text;
}
