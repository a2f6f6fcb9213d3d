import { html, nothing, type TemplateResult } from 'lit';
import type { RetentionAnswer, RetentionCohort } from '#queries/answer/retention-answer.ts';
import { percent, thousands } from '../format.ts';
import { type Palette, tooltip } from './chart.ts';
import { groupName } from './funnel-answer.ts';
import { GRID, legend, lineAxis, valueAxis } from './funnel-charts.ts';

const MOST_COLOURS = 6;

/** Curves and tables of a retention. */
export function retentionAnswer(answer: RetentionAnswer): TemplateResult {
  const { cohorts, columns, groups, by, subject, every } = answer;
  if (cohorts.length === 0) return html`<h2 class="headline">Nobody started in this time.</h2>`;
  const all = cohorts.reduce((sum, one) => sum + one.users, 0);
  const [, next] = curveOf(cohorts, columns);
  const sentence = `${thousands(all)} ${subject}s in ${cohorts.length} cohorts${next == null ? '' : `; ${next.toFixed(1)} % came back (${columns[1]})`}.`;
  const curves =
    groups === undefined
      ? [{ name: 'came back', curve: curveOf(cohorts, columns) }]
      : groups
          .slice(0, MOST_COLOURS)
          .map((group) => ({ name: groupName(group), curve: curveOf(group.cohorts, columns) }));
  return html`<h2 class="headline">${sentence}</h2>
    <cairn-chart class="chart low" .draw=${(palette: Palette) => chartOf(curves, columns, palette)} label="Share that came back, by ${every}. ${sentence}"></cairn-chart>
    ${table('Cohorts', cohorts, columns, subject)}
    ${groups === undefined ? nothing : groups.map((group) => html`<h3>${by}: ${groupName(group)}</h3>${table(groupName(group), group.cohorts, columns, subject)}`)}`;
}

/** Share of the users of all cohorts old enough that came back, by column. */
function curveOf(
  cohorts: readonly RetentionCohort[],
  columns: readonly string[],
): readonly (number | null)[] {
  return columns.map((_, column) => {
    const old = cohorts.filter(({ returned }) => (returned[column] ?? null) !== null);
    const users = old.reduce((sum, one) => sum + one.users, 0);
    const returned = old.reduce((sum, one) => sum + (one.returned[column] ?? 0), 0);
    return users === 0 ? null : (100 * returned) / users;
  });
}

function table(
  label: string,
  cohorts: readonly RetentionCohort[],
  columns: readonly string[],
  subject: string,
): TemplateResult {
  return html`<div class="scroll" tabindex="0" role="region" aria-label=${label}><table class="dense heat">
    <thead><tr><th scope="col">Cohort</th><th scope="col" class="number">${subject === 'account' ? 'Accounts' : 'Users'}</th>${columns.map((column) => html`<th scope="col" class="number">${column}</th>`)}</tr></thead>
    <tbody>${cohorts.map(
      ({
        cohort,
        users,
        returned,
      }) => html`<tr><th scope="row">${cohort}</th><td class="number">${thousands(users)}</td>
        ${returned.map((count) => (count === null ? html`<td></td>` : html`<td class="number cell" title=${thousands(count)} style="--share:${(users === 0 ? 0 : count / users).toFixed(3)}">${percent(count, users)}</td>`))}</tr>`,
    )}</tbody>
  </table></div>`;
}

type Curve = { readonly name: string; readonly curve: readonly (number | null)[] };

function chartOf(curves: readonly Curve[], columns: readonly string[], palette: Palette) {
  const isOne = curves.length === 1;
  return {
    tooltip: {
      ...tooltip(palette),
      trigger: 'axis',
      valueFormatter: (value: number | null) => (value === null ? '' : `${value.toFixed(1)} %`),
    },
    ...(isOne ? {} : { legend: legend(palette) }),
    grid: isOne ? GRID : { ...GRID, top: 44 },
    xAxis: lineAxis(columns, palette),
    yAxis: { ...valueAxis(palette, '{value} %'), min: 0, max: 100 },
    series: curves.map(({ name, curve }) => ({
      name,
      type: 'line',
      data: curve,
      symbolSize: 7,
      lineStyle: { width: 2 },
      ...(isOne ? { areaStyle: { opacity: 0.1 } } : {}),
      label: {
        show: isOne && columns.length <= 15,
        position: 'top',
        color: palette.ink,
        formatter: ({ value }: { value: number | null }) => (value === null ? '' : `${value.toFixed(0)} %`),
      },
    })),
  };
}
