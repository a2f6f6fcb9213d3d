/** Text within quotes, `"` or `'`: a backslash before a quote or a backslash stands for that character, any other is kept. */
const QUOTED = /^(?:"((?:[^"\\]|\\[\s\S])*)"|'((?:[^'\\]|\\[\s\S])*)')/;

/** The quoted text that begins a text, and what follows; undefined where none does or it does not end. */
export function takeQuoted(text: string): { readonly value: string; readonly rest: string } | undefined {
  const match = QUOTED.exec(text);
  if (match === null) return undefined;
  const value = (match[1] ?? match[2] ?? '').replaceAll(/\\(["'\\])/g, '$1');
  return { value, rest: text.slice(match[0].length) };
}

/** Whether a text begins as quoted texts do. */
export function beginsQuoted(text: string): boolean {
  return text.startsWith('"') || text.startsWith("'");
}

export function quoted(text: string): string {
  return `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
}
