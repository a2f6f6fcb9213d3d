/** Result of a formula for the figures of its letters; null where one of them is, and where it divides by zero. */
export type Formula = (figures: readonly (number | null)[]) => number | null;

/** Characters a formula may have. */
export const LONGEST_FORMULA = 1000;

/**
 * Reads arithmetic over series: numbers, A (the first series), B, ..., + - * / and brackets. Throws RangeError that says what
 * is wrong where; positions count from 1.
 */
export function parseFormula(text: string, series: number): Formula {
  if (text.length > LONGEST_FORMULA) {
    throw new RangeError(
      `Cannot read the formula: want at most ${LONGEST_FORMULA} characters, current number is ${text.length}`,
    );
  }
  const reader = new Reader(text, series);
  const formula = reader.sum();
  if (reader.next !== undefined) reader.refuse('an operator');
  return formula;
}

class Reader {
  readonly #text: string;
  readonly #series: number;
  #at = 0;

  constructor(text: string, series: number) {
    this.#text = text;
    this.#series = series;
    this.#skipSpace();
  }

  /** The character that is not yet read; undefined at the end. */
  get next(): string | undefined {
    return this.#text[this.#at];
  }

  sum(): Formula {
    let left = this.#product();
    for (let operator = this.#taken('+', '-'); operator !== undefined; operator = this.#taken('+', '-')) {
      left = combined(operator, left, this.#product());
    }
    return left;
  }

  #product(): Formula {
    let left = this.#factor();
    for (let operator = this.#taken('*', '/'); operator !== undefined; operator = this.#taken('*', '/')) {
      left = combined(operator, left, this.#factor());
    }
    return left;
  }

  #factor(): Formula {
    if (this.#taken('-') !== undefined) return combined('-', () => 0, this.#factor());
    const opened = this.#at;
    if (this.#taken('(') !== undefined) {
      const inner = this.sum();
      if (this.#taken(')') === undefined) this.refuse(`) for the ( at position ${opened + 1}`);
      return inner;
    }
    const [digits] = /^\d+(\.\d+)?/.exec(this.#text.slice(this.#at)) ?? [];
    if (digits !== undefined) {
      this.#at += digits.length;
      this.#skipSpace();
      return () => Number(digits);
    }
    return this.#letter();
  }

  #letter(): Formula {
    const letter = this.next;
    const last = lastLetter(this.#series);
    if (letter === undefined || letter < 'A' || letter > last) {
      this.refuse(`a number, ( or a series from A to ${last}`);
    }
    const index = letter.charCodeAt(0) - 'A'.charCodeAt(0);
    this.#at += 1;
    this.#skipSpace();
    return (figures) => figures[index] ?? null;
  }

  #taken(...characters: readonly string[]): string | undefined {
    const { next } = this;
    if (next === undefined || !characters.includes(next)) return undefined;
    this.#at += 1;
    this.#skipSpace();
    return next;
  }

  #skipSpace(): void {
    while (this.next === ' ') this.#at += 1;
  }

  refuse(wanted: string): never {
    const found =
      this.next === undefined ? 'the text ends there' : `current character is ${JSON.stringify(this.next)}`;
    throw new RangeError(
      `Cannot read the formula ${JSON.stringify(this.#text)}: want ${wanted} at position ${this.#at + 1}, ${found}`,
    );
  }
}

/** Name of the last of so many series. */
function lastLetter(series: number): string {
  return String.fromCharCode('A'.charCodeAt(0) + series - 1);
}

function combined(operator: string, left: Formula, right: Formula): Formula {
  return (figures) => {
    const [one, other] = [left(figures), right(figures)];
    if (one === null || other === null) return null;
    const result = calculated(operator, one, other);
    return Number.isFinite(result) ? result : null;
  };
}

function calculated(operator: string, one: number, other: number): number {
  if (operator === '+') return one + other;
  if (operator === '-') return one - other;
  return operator === '*' ? one * other : one / other;
}
