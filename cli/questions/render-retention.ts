import { shownText } from '#lib/shown-text.ts';
import { groupText } from '#queries/answer/groups.ts';
import {
  overallReturned,
  type RetentionAnswer,
  type RetentionCohort,
} from '#queries/answer/retention-answer.ts';
import { percent, renderTable, thousands } from '../table.ts';

export function renderRetention({ by, groups = [], cohorts, columns, subject }: RetentionAnswer): string {
  const all = renderCohorts(cohorts, columns, subject);
  if (by === undefined) return all;
  const parts = groups.map(
    (group) =>
      `${shownText(by)}: ${shownText(groupText(group))}\n${renderCohorts(group.cohorts, columns, subject)}`,
  );
  return [...parts, `all\n${all}`].join('\n');
}

/** A period that has not begun is left empty. */
function renderCohorts(
  cohorts: readonly RetentionCohort[],
  columns: readonly string[],
  subject: string,
): string {
  const overall = overallReturned(cohorts);
  const users = cohorts.reduce((sum, cohort) => sum + cohort.users, 0);
  return renderTable(
    [
      { title: 'cohort' },
      { title: `${subject}s`, right: true },
      ...columns.map((title) => ({ title, right: true })),
    ],
    [
      ...cohorts.map(({ cohort, users, returned }) => [
        cohort,
        thousands(users),
        ...returned.map((count) => (count === null ? '' : percent(count, users))),
      ]),
      ...(cohorts.length < 2
        ? []
        : [['all', thousands(users), ...overall.map(({ returned, of }) => percent(returned, of))]]),
    ],
  );
}
