import { html, type TemplateResult } from 'lit';
import { csvText, download } from '../csv.ts';
import { percent, thousands } from '../format.ts';
import type { Answered } from './asking.ts';
import { type Palette, tooltip } from './chart.ts';
import { computed } from './sql.ts';

export type Cohort = {
  readonly cohort: string;
  readonly users: number;
  /** null = a period that nobody can have come back in yet. */
  readonly returned: readonly (number | null)[];
};

export type RetentionAnswer = { readonly cohorts: readonly Cohort[] };

/** Curve and table of a retention. */
export function retentionAnswer({
  answer,
  sql,
  queryMs,
  question,
}: Answered<RetentionAnswer>): TemplateResult {
  const { cohorts } = answer;
  const every = String(question['every'] ?? 'day');
  if (cohorts.length === 0)
    return html`<h2 class="headline">Nobody started in this time.</h2>${computed(sql, queryMs)}`;
  const users = cohorts.reduce((sum, one) => sum + one.users, 0);
  const curve = curveOf(cohorts);
  const next = curve[1];
  const sentence = `${thousands(users)} users in ${cohorts.length} cohorts${next === undefined || next === null ? '' : `; ${next.toFixed(1)} % came back a ${every} later`}.`;
  return html`<h2 class="headline">${sentence}</h2>
    <cairn-chart class="chart low" .draw=${(palette: Palette) => chartOf(curve, every, palette)} label="Share of users who came back, by ${every}. ${sentence}"></cairn-chart>
    ${table(cohorts, every)}
    <div class="buttons"><button type="button" class="secondary" @click=${() => download('retention.csv', csvOf(cohorts, every))}>CSV</button></div>
    ${computed(sql, queryMs)}`;
}

/** Share of the users of all cohorts old enough that came back, by period. */
function curveOf(cohorts: readonly Cohort[]): readonly (number | null)[] {
  const periods = Math.max(...cohorts.map(({ returned }) => returned.length));
  return Array.from({ length: periods }, (_, period) => {
    const old = cohorts.filter(({ returned }) => (returned[period] ?? null) !== null);
    const users = old.reduce((sum, one) => sum + one.users, 0);
    const returned = old.reduce((sum, one) => sum + (one.returned[period] ?? 0), 0);
    return users === 0 ? null : (100 * returned) / users;
  });
}

function table(cohorts: readonly Cohort[], every: string): TemplateResult {
  const periods = Math.max(...cohorts.map(({ returned }) => returned.length));
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Cohorts"><table class="dense heat">
    <thead><tr><th scope="col">Cohort</th><th scope="col" class="number">Users</th>${Array.from({ length: periods }, (_, n) => html`<th scope="col" class="number">${every} ${n}</th>`)}</tr></thead>
    <tbody>${cohorts.map(
      ({
        cohort,
        users,
        returned,
      }) => html`<tr><th scope="row">${cohort}</th><td class="number">${thousands(users)}</td>
        ${returned.map((count) => (count === null ? html`<td></td>` : html`<td class="number cell" title="${thousands(count)} users" style="--share:${(users === 0 ? 0 : count / users).toFixed(3)}">${percent(count, users)}</td>`))}</tr>`,
    )}</tbody>
  </table></div>`;
}

function csvOf(cohorts: readonly Cohort[], every: string): string {
  const periods = Math.max(...cohorts.map(({ returned }) => returned.length));
  return csvText([
    ['cohort', 'users', ...Array.from({ length: periods }, (_, n) => `${every} ${n}`)],
    ...cohorts.map(({ cohort, users, returned }) => [cohort, users, ...returned]),
  ]);
}

function chartOf(curve: readonly (number | null)[], every: string, palette: Palette) {
  return {
    tooltip: {
      ...tooltip(palette),
      trigger: 'axis',
      valueFormatter: (value: number | null) => (value === null ? '' : `${value.toFixed(1)} %`),
    },
    grid: { left: 16, right: 24, top: 36, bottom: 14, containLabel: true },
    xAxis: {
      type: 'category',
      boundaryGap: false,
      data: curve.map((_, period) => `${every} ${period}`),
      axisTick: { show: false },
      axisLine: { lineStyle: { color: palette.line } },
      axisLabel: { color: palette.quiet },
    },
    yAxis: {
      type: 'value',
      min: 0,
      max: 100,
      splitLine: { lineStyle: { color: palette.line } },
      axisLabel: { color: palette.quiet, formatter: '{value} %' },
    },
    series: [
      {
        name: 'came back',
        type: 'line',
        data: curve,
        symbolSize: 7,
        lineStyle: { width: 2 },
        areaStyle: { opacity: 0.1 },
        label: {
          show: curve.length <= 15,
          position: 'top',
          color: palette.ink,
          formatter: ({ value }: { value: number | null }) => (value === null ? '' : `${value.toFixed(0)} %`),
        },
      },
    ],
  };
}
