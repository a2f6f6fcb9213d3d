import { shownText } from '#lib/shown-text.ts';
import type { FunnelAnswer, FunnelStep, TimeFigures } from '#queries/answer/funnel-answer.ts';
import { groupText } from '#queries/answer/groups.ts';
import type { LostUsers } from '#queries/answer/lost-users.ts';
import { bar, percent, renderTable, thousands } from '../table.ts';
import { latestPeriods } from './latest-periods.ts';
import { msText } from './shown-text.ts';

type Steps = { readonly steps: readonly FunnelStep[]; readonly whole?: TimeFigures };

export function renderFunnel(answer: FunnelAnswer): string {
  const { by, groups = [], periods, subject } = answer;
  const all = renderSteps(answer, subject);
  const parts = groups.map((group) => {
    const title = `${shownText(by ?? '')}: ${shownText(groupText(group))}`;
    return `${title}\n${renderSteps(group, subject)}${renderPeriods(group, answer)}`;
  });
  const split = periods === undefined ? '' : renderPeriods({ periods }, answer);
  const lost = answer.lost === undefined ? '' : `\n${renderLost(answer.lost)}`;
  return `${[...parts, parts.length === 0 ? `${all}${split}` : `all\n${all}`].join('\n')}${lost}`;
}

function renderLost({ after, list }: LostUsers): string {
  const isOf = (key: 'account' | 'sessionId') => list.some((one) => one[key] !== null);
  const columns = [
    ...(isOf('account') ? [] : [{ title: 'user id', right: true }, { title: 'identity' }]),
    ...(isOf('account') ? [{ title: 'account' }] : []),
    ...(isOf('sessionId') ? [{ title: 'session id', right: true }] : []),
    { title: 'began' },
    { title: `step ${after}` },
  ];
  const rows = list.map(({ userId, identity, account, sessionId, started, lastStep }) => [
    ...(isOf('account') ? [] : [String(userId), shownText(identity ?? '-')]),
    ...(isOf('account') ? [shownText(account ?? '-')] : []),
    ...(isOf('sessionId') ? [String(sessionId)] : []),
    minuteText(started),
    minuteText(lastStep),
  ]);
  return `lost after step ${after}\n${renderTable(columns, rows)}`;
}

function minuteText(time: string | null): string {
  return time === null ? '-' : `${time.slice(0, 16)}Z`;
}

function renderSteps({ steps, whole }: Steps, subject: string): string {
  const first = steps[0]?.count ?? 0;
  const isTimed = steps.some(({ fromPrevious }) => fromPrevious !== undefined);
  const table = renderTable(
    [
      { title: 'step' },
      { title: `${subject}s`, right: true },
      { title: 'of first', right: true },
      { title: 'of previous', right: true },
      ...(isTimed
        ? [
            { title: 'median', right: true },
            { title: '90%', right: true },
          ]
        : []),
      { title: '' },
    ],
    steps.map(({ name, count, fromPrevious }, index) => [
      `${index + 1} ${shownText(name)}`,
      thousands(count),
      percent(count, first),
      percent(count, steps[index - 1]?.count ?? count),
      ...(isTimed
        ? [index === 0 ? '' : msText(fromPrevious?.medianMs), index === 0 ? '' : msText(fromPrevious?.p90Ms)]
        : []),
      bar(first === 0 ? 0 : count / first),
    ]),
  );
  return whole === undefined
    ? table
    : `${table}All steps took ${msText(whole.medianMs)} (median), ${msText(whole.p90Ms)} (90%)\n`;
}

/** Who began in each period, and how many of them did all steps. */
function renderPeriods({ periods = [] }: Pick<FunnelAnswer, 'periods'>, { every }: FunnelAnswer): string {
  if (periods.length === 0) return '';
  const { rows, more } = latestPeriods(periods);
  const most = Math.max(...rows.map(({ steps }) => converted(steps)));
  return `\n${renderTable(
    [
      { title: every ?? '' },
      { title: 'began', right: true },
      { title: 'did all', right: true },
      { title: 'share', right: true },
      { title: '' },
    ],
    rows.map(({ period, steps }) => [
      period,
      thousands(steps[0]?.count ?? 0),
      thousands(steps.at(-1)?.count ?? 0),
      percent(steps.at(-1)?.count ?? 0, steps[0]?.count ?? 0),
      bar(most === 0 ? 0 : converted(steps) / most),
    ]),
  )}${more}`;
}

function converted(steps: readonly FunnelStep[]): number {
  const began = steps[0]?.count ?? 0;
  return began === 0 ? 0 : (steps.at(-1)?.count ?? 0) / began;
}
