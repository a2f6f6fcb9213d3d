import type { PathRow } from '../answers.ts';
import type { PathsQuestion } from '../questions.ts';

export type PathsAnswer = {
  readonly ask: 'paths';
  readonly environment: string;
  readonly point: string;
  readonly direction: PathsQuestion['direction'];
  readonly depth: number;
  /** Occurrences of the point, and what came after (before) them, the most frequent first. */
  readonly occurrences: number;
  readonly paths: readonly {
    readonly steps: readonly string[];
    readonly paths: number;
    readonly users: number;
  }[];
  /** All other sequences together. */
  readonly others: { readonly paths: number; readonly users: number } | null;
};

export function pathsAnswer(question: PathsQuestion, rows: readonly PathRow[]): PathsAnswer {
  const rest = rows.find(({ others }) => others);
  return {
    ask: 'paths',
    environment: question.database,
    point: question.point.label,
    direction: question.direction,
    depth: question.depth,
    occurrences: rows.reduce((sum, { paths }) => sum + paths, 0),
    paths: rows.filter(({ others }) => !others).map(({ steps, paths, users }) => ({ steps, paths, users })),
    others: rest === undefined ? null : { paths: rest.paths, users: rest.users },
  };
}
