import { shownText } from '#lib/shown-text.ts';
import type { PathsAnswer } from '#queries/answer/paths-answer.ts';
import { bar, percent, renderTable, thousands } from '../table.ts';

const BAR_WIDTH = 12;

export function renderPaths({ paths, others, occurrences, direction, point }: PathsAnswer): string {
  const most = Math.max(0, ...paths.map((path) => path.paths));
  const rows = paths.map(({ steps, paths, users }) => [
    thousands(paths),
    percent(paths, occurrences),
    thousands(users),
    bar(most === 0 ? 0 : paths / most, BAR_WIDTH),
    steps.map(shownText).join(' → '),
  ]);
  const rest =
    others === null
      ? []
      : [
          [
            thousands(others.paths),
            percent(others.paths, occurrences),
            thousands(others.users),
            '',
            '(others)',
          ],
        ];
  const title = `${thousands(occurrences)} times ${shownText(point)}, and what came ${direction}\n`;
  return `${title}${renderTable(
    [
      { title: 'times', right: true },
      { title: 'share', right: true },
      { title: 'users', right: true },
      { title: '' },
      { title: 'path' },
    ],
    [...rows, ...rest],
  )}`;
}
