import { shownText } from '#lib/shown-text.ts';
import { groupText } from '#queries/answer/groups.ts';
import type { SessionsAnswer } from '#queries/answer/sessions-answer.ts';
import { percent, renderTable, thousands } from '../table.ts';
import { latestPeriods } from './latest-periods.ts';
import { msText } from './shown-text.ts';

type Figures = Omit<SessionsAnswer, 'ask' | 'environment' | 'every' | 'periods' | 'by' | 'groups'>;

const average = (value: number | null) => (value === null ? '-' : value.toFixed(1));

export function renderSessions(answer: SessionsAnswer): string {
  const { by, every, groups, periods } = answer;
  const whole = renderWhole(answer);
  if (by === undefined) return every === undefined ? whole : `${whole}\n${renderPeriods(every, periods)}`;
  const values = renderRows(
    shownText(by),
    (groups ?? []).map((group) => [shownText(groupText(group)), group]),
  );
  const split = (groups ?? []).map(
    (group) =>
      `\n${shownText(by)}: ${shownText(groupText(group))}\n${renderPeriods(every ?? '', group.periods)}`,
  );
  return `${whole}\n${values}${every === undefined ? '' : split.join('')}`;
}

function renderPeriods(every: string, periods: SessionsAnswer['periods'] = []): string {
  const { rows, more } = latestPeriods(periods);
  return `${renderRows(
    every,
    rows.map((figures) => [figures.period, figures]),
  )}${more}`;
}

function renderWhole(answer: Figures): string {
  return renderTable(
    [{ title: 'sessions' }, { title: '', right: true }],
    [
      ['count', thousands(answer.sessions)],
      ['users', thousands(answer.users)],
      ['median duration', msText(answer.medianDurationMs)],
      ['average duration', msText(answer.averageDurationMs)],
      ['events each', average(answer.eventsPerSession)],
      ['pageviews each', average(answer.pageviewsPerSession)],
      ['bounced', `${thousands(answer.bounced)} (${percent(answer.bounced, answer.sessions)})`],
    ],
  );
}

function renderRows(title: string, rows: readonly (readonly [string, Figures])[]): string {
  return renderTable(
    [
      { title },
      ...['sessions', 'users', 'median', 'average', 'events', 'bounced'].map((title) => ({
        title,
        right: true,
      })),
    ],
    rows.map(([name, figures]) => [
      name,
      thousands(figures.sessions),
      thousands(figures.users),
      msText(figures.medianDurationMs),
      msText(figures.averageDurationMs),
      average(figures.eventsPerSession),
      percent(figures.bounced, figures.sessions),
    ]),
  );
}
