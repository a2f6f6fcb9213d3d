const CONTROL: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\0': '\\0',
};

function quoted(text: string, quote: '`' | "'"): string {
  const escaped = text.replace(/[\\\n\r\t\0]/g, (character) => CONTROL[character] as string);
  return quote + escaped.replaceAll(quote, `\\${quote}`) + quote;
}

/** A name as a quoted identifier. */
export function identifier(name: string): string {
  return quoted(name, '`');
}

/** A text as a string literal. */
export function literal(text: string): string {
  return quoted(text, "'");
}

/** Epoch ms as the text of a DateTime64(3, 'UTC'). */
export function timeText(ms: number): string {
  return new Date(ms).toISOString().slice(0, -1).replace('T', ' ');
}
