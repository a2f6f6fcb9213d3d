import { shownText } from './shown-text.ts';

/** Edits (insert, delete, replace) that turn one text into the other. */
export function edits(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [line, character] of [...from].entries()) {
    const next = [line + 1];
    for (let column = 1; column <= to.length; column += 1) {
      const replaced = (row[column - 1] as number) + (character === to[column - 1] ? 0 : 1);
      next.push(Math.min((row[column] as number) + 1, (next[column - 1] as number) + 1, replaced));
    }
    row = next;
  }
  return row[to.length] as number;
}

/** Candidates that a person may have meant, nearest first; empty where none is near. Case is ignored. */
export function nearNames(name: string, candidates: readonly string[], limit = 3): string[] {
  const wanted = name.toLowerCase();
  const farthest = Math.max(2, Math.floor(wanted.length / 3));
  return (
    candidates
      // There are at least as many edits as the lengths differ by: to compare names that are long takes long.
      .filter(
        (candidate) =>
          Math.abs(candidate.length - wanted.length) <= farthest || candidate.toLowerCase().includes(wanted),
      )
      .map((candidate) => ({ candidate, edits: edits(wanted, candidate.toLowerCase()) }))
      .filter(
        ({ candidate, edits }) =>
          edits <= farthest || (wanted.length > 2 && candidate.toLowerCase().includes(wanted)),
      )
      .sort((left, right) => left.edits - right.edits)
      .slice(0, limit)
      .map(({ candidate }) => candidate)
  );
}

/** `; did you mean a, b?`, or nothing where no candidate is near. Candidates may come from outside. */
export function didYouMean(name: string, candidates: readonly string[]): string {
  const near = nearNames(name, candidates);
  return near.length === 0 ? '' : `; did you mean ${near.map(shownText).join(', ')}?`;
}
