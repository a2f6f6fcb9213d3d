const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  "'": "\\'",
  '`': '\\`',
  '\0': '\\0',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

const escaped = (text: string, quote: "'" | '`') =>
  text.replace(/[\\'`\0\n\r\t]/g, (character) =>
    (character === "'" || character === '`') && character !== quote
      ? character
      : (ESCAPES[character] as string),
  );

/** A text as a string literal of ClickHouse, exactly, whatever it holds. */
export function literal(text: string): string {
  return `'${escaped(text, "'")}'`;
}

/** A name as a quoted identifier of ClickHouse, exactly, whatever it holds. */
export function identifier(name: string): string {
  return `\`${escaped(name, '`')}\``;
}
