import { html, type TemplateResult } from 'lit';
import { csvText, download } from '../csv.ts';
import { percent, thousands } from '../format.ts';
import type { Answered } from './asking.ts';
import { type Palette, tooltip } from './chart.ts';
import { computed } from './sql.ts';

export type FunnelStep = { readonly name: string; readonly count: number };

export type FunnelAnswer = { readonly steps: readonly FunnelStep[] };

/** Chart and table of a funnel. */
export function funnelAnswer({ answer, sql, queryMs }: Answered<FunnelAnswer>): TemplateResult {
  const { steps } = answer;
  const first = steps[0]?.count ?? 0;
  const last = steps.at(-1)?.count ?? 0;
  const sentence =
    first === 0
      ? `Nobody did ${steps[0]?.name ?? 'the first step'} in this time.`
      : `${thousands(last)} of ${thousands(first)} users went all the way: ${percent(last, first)}.`;
  return html`<h2 class="headline">${sentence}</h2>
    <cairn-chart class="chart" .draw=${(palette: Palette) => chartOf(steps, palette)} label="Users by step. ${sentence}"></cairn-chart>
    ${table(steps)}
    <div class="buttons"><button type="button" class="secondary" @click=${() => download('funnel.csv', csvOf(steps))}>CSV</button></div>
    ${computed(sql, queryMs)}`;
}

function table(steps: readonly FunnelStep[]): TemplateResult {
  const first = steps[0]?.count ?? 0;
  return html`<div class="scroll"><table class="dense">
    <thead><tr><th scope="col">Step</th><th scope="col" class="number">Users</th><th scope="col" class="number">Of first</th><th scope="col" class="number">Of previous</th><th scope="col" class="number">Lost</th></tr></thead>
    <tbody>${steps.map(({ name, count }, index) => {
      const before = steps[index - 1]?.count ?? count;
      return html`<tr><th scope="row">${index + 1} ${name}</th><td class="number">${thousands(count)}</td><td class="number">${percent(count, first)}</td><td class="number">${percent(count, before)}</td><td class="number quiet">${index === 0 ? '' : thousands(before - count)}</td></tr>`;
    })}</tbody>
  </table></div>`;
}

function csvOf(steps: readonly FunnelStep[]): string {
  return csvText([
    ['step', 'event', 'users'],
    ...steps.map(({ name, count }, index) => [index + 1, name, count]),
  ]);
}

function chartOf(steps: readonly FunnelStep[], palette: Palette) {
  const first = steps[0]?.count ?? 0;
  return {
    tooltip: { ...tooltip(palette), trigger: 'axis', axisPointer: { type: 'none' } },
    grid: { left: 16, right: 24, top: 36, bottom: 14, containLabel: true },
    xAxis: {
      type: 'category',
      data: steps.map(({ name }, index) => `${index + 1} ${name}`),
      axisTick: { show: false },
      axisLine: { lineStyle: { color: palette.line } },
      axisLabel: {
        color: palette.ink,
        interval: 0,
        overflow: 'truncate',
        width: Math.max(60, 900 / steps.length),
      },
    },
    yAxis: {
      type: 'value',
      splitLine: { lineStyle: { color: palette.line } },
      axisLabel: { color: palette.quiet },
    },
    series: [
      {
        name: 'users',
        type: 'bar',
        stack: 'all',
        barMaxWidth: 120,
        data: steps.map(({ count }) => count),
        itemStyle: { color: palette.series[0], borderRadius: [3, 3, 0, 0] },
        label: {
          show: true,
          position: 'top',
          color: palette.ink,
          fontWeight: 600,
          formatter: ({ value }: { value: number }) => percent(value, first),
        },
      },
      {
        name: 'lost before',
        type: 'bar',
        stack: 'all',
        data: steps.map(({ count }, index) => (steps[index - 1]?.count ?? count) - count),
        itemStyle: { color: palette.series[0], opacity: 0.13, borderRadius: [3, 3, 0, 0] },
      },
    ],
  };
}
