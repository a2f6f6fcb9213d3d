import { html, type TemplateResult } from 'lit';
import type { TrendAnswer } from '#queries/answer/trend-answer.ts';
import { thousands } from '../format.ts';
import { type Palette, tooltip } from './chart.ts';
import { groupName } from './funnel-answer.ts';
import { GRID, legend, lineAxis, valueAxis } from './funnel-charts.ts';

const MOST_LINES = 12;

type Line = { readonly name: string; readonly figures: readonly (number | null)[] };

/** Lines and table of a trend. With a formula the lines are its results, and the table has everything. */
export function trendAnswer(answer: TrendAnswer): TemplateResult {
  const { periods, every, formula } = answer;
  const all = linesOf(answer);
  const shown = (formula === null ? all : all.filter(({ name }) => name.endsWith(formula))).slice(
    0,
    MOST_LINES,
  );
  if (periods.length === 0) return html`<h2 class="headline">Nothing of it happened in this time.</h2>`;
  const sentence = `${shown.map(({ name }) => name).join(', ')}, by ${every}, from ${periods[0]} to ${periods.at(-1)}`;
  return html`<h2 class="headline">${sentence}</h2>
    <cairn-chart class="chart" .draw=${(palette: Palette) => chartOf(shown, periods, palette)} label=${sentence}></cairn-chart>
    <div class="scroll" tabindex="0" role="region" aria-label="Figures by ${every}"><table class="dense">
      <thead><tr><th scope="col">${every}</th>${all.map(({ name }) => html`<th scope="col" class="number">${name}</th>`)}</tr></thead>
      <tbody>${periods.toReversed().map((period, back) => {
        const index = periods.length - 1 - back;
        return html`<tr><th scope="row" class="nowrap">${period}</th>${all.map(({ figures }) => html`<td class="number">${figureText(figures[index] ?? null)}</td>`)}</tr>`;
      })}</tbody>
    </table></div>`;
}

function linesOf({ series, groups, formula, by }: TrendAnswer): readonly Line[] {
  return groups.flatMap((group) => {
    const prefix =
      by === undefined
        ? ''
        : `${groupName({ value: group.value ?? null, ...(group.others ? { others: true } : {}) })}: `;
    const short = by !== undefined && series.length === 1 && formula === null;
    return [
      ...series.map(({ name, measure }, index) => ({
        name: short ? prefix.slice(0, -2) : `${prefix}${name}${measure === 'events' ? '' : `, ${measure}`}`,
        figures: group.series[index] ?? [],
      })),
      ...(formula === null ? [] : [{ name: `${prefix}${formula}`, figures: group.formula ?? [] }]),
    ];
  });
}

function figureText(figure: number | null): string {
  if (figure === null) return '–';
  return Number.isInteger(figure) ? thousands(figure) : figure.toFixed(2);
}

function chartOf(lines: readonly Line[], periods: readonly string[], palette: Palette) {
  return {
    tooltip: { ...tooltip(palette), trigger: 'axis', valueFormatter: figureText },
    legend: { ...legend(palette), type: 'scroll', left: 16 },
    grid: { ...GRID, top: 44 },
    xAxis: lineAxis(periods, palette),
    yAxis: valueAxis(palette),
    series: lines.map(({ name, figures }) => ({
      name,
      type: 'line',
      data: figures,
      symbolSize: periods.length > 40 ? 0 : 6,
      lineStyle: { width: 2 },
      ...(lines.length === 1 ? { areaStyle: { opacity: 0.1 } } : {}),
    })),
  };
}
