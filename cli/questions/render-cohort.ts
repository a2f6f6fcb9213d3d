import { shownText } from '#lib/shown-text.ts';
import type { CohortAnswer } from '#queries/answer/cohort-answer.ts';
import { renderTable, thousands } from '../table.ts';

export function renderCohort({ users, list }: CohortAnswer): string {
  const number = `${thousands(users)} ${users === 1 ? 'user' : 'users'}\n`;
  if (list.length === 0) return number;
  const table = renderTable(
    [{ title: 'user id', right: true }, { title: 'identity' }, { title: 'last seen' }],
    list.map(({ userId, identity, lastSeen }) => [
      String(userId),
      shownText(identity ?? '-'),
      lastSeen === null ? '-' : `${lastSeen.slice(0, 16)}Z`,
    ]),
  );
  return `${number}\n${table}`;
}
