const LONGEST = 60;

/** A text from outside for a terminal: nothing in it moves the cursor, changes colours or begins a line. */
export function printable(text: string): string {
  return text.replaceAll(/\p{C}/gu, '\ufffd');
}

/** A text from outside on one line of a terminal, cut where it is long. */
export function shownText(text: string): string {
  const line = printable(text);
  return line.length > LONGEST ? `${line.slice(0, LONGEST - 1)}…` : line;
}
