/** What is wrong with a selector, and where. */
export class SelectorError extends RangeError {
  override readonly name = 'SelectorError';
  /** Characters of the selector before the place. */
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

const NAME_CHARACTER = /[-\w\u0080-\uffff]/;
const WHITESPACE = /[ \t\n\r\f]/;

/** Reads the words of a selector one after the other, as CSS Syntax Level 3 spells them. */
export class SelectorScanner {
  readonly #text: string;
  offset = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** The next character; empty at the end. */
  get next(): string {
    return this.#text[this.offset] ?? '';
  }

  /** Whether the text goes on with this; goes past it then. */
  take(expected: string): boolean {
    if (!this.#text.startsWith(expected, this.offset)) return false;
    this.offset += expected.length;
    return true;
  }

  /** Whether there was any whitespace; goes past it. */
  skipWhitespace(): boolean {
    const from = this.offset;
    while (WHITESPACE.test(this.next)) this.offset += 1;
    return this.offset > from;
  }

  /** Whether an identifier starts here. */
  get atIdentifier(): boolean {
    const rest = this.#text.slice(this.offset);
    return /^(?:--|-?(?:[a-zA-Z_\u0080-\uffff]|\\[^\n\r\f]))/.test(rest);
  }

  /** An identifier, its escapes taken out. */
  identifier(what: string): string {
    if (!this.atIdentifier) this.fail(`want ${what}`);
    let name = '';
    for (;;) {
      if (NAME_CHARACTER.test(this.next)) {
        name += this.next;
        this.offset += 1;
      } else if (this.next === '\\' && !/[\n\r\f]/.test(this.#text[this.offset + 1] ?? '\n')) {
        this.offset += 1;
        name += this.#escaped();
      } else return name;
    }
  }

  /** A text in quotes, its escapes taken out. */
  string(): string {
    const quote = this.next;
    const from = this.offset;
    this.offset += 1;
    let value = '';
    for (;;) {
      const character = this.next;
      if (character === '' || /[\n\r\f]/.test(character)) {
        throw new SelectorError('a text in quotes has no end', from);
      }
      this.offset += 1;
      if (character === quote) return value;
      if (character !== '\\') value += character;
      else if (!this.take('\r\n') && !this.take('\n') && !this.take('\r') && !this.take('\f')) {
        value += this.#escaped();
      }
    }
  }

  fail(problem: string): never {
    const found = this.next === '' ? 'the selector ends' : `found ${JSON.stringify(this.next)}`;
    throw new SelectorError(`${problem}, ${found}`, this.offset);
  }

  /** What stands behind a backslash: up to six hex digits and one space, or a character that means itself. */
  #escaped(): string {
    const hex = /^[0-9a-fA-F]{1,6}/.exec(this.#text.slice(this.offset, this.offset + 6))?.[0];
    if (hex === undefined) {
      const character = String.fromCodePoint(this.#text.codePointAt(this.offset) ?? 0xfffd);
      this.offset += character.length;
      return character;
    }
    this.offset += hex.length;
    if (!this.take('\r\n') && WHITESPACE.test(this.next)) this.offset += 1;
    const code = Number.parseInt(hex, 16);
    const isText = code !== 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
    return String.fromCodePoint(isText ? code : 0xfffd);
  }
}
