import { html, nothing, type TemplateResult } from 'lit';
import type { FunnelAnswer, FunnelStep, TimeFigures } from '#queries/answer/funnel-answer.ts';
import { duration, percent, thousands } from '../format.ts';
import { type Palette, tooltip } from './chart.ts';
import { funnelChart, groupsChart, periodsChart } from './funnel-charts.ts';

type Group = NonNullable<FunnelAnswer['groups']>[number];

/** Chart and tables of a funnel. */
export function funnelAnswer(answer: FunnelAnswer): TemplateResult {
  const { steps, subject, groups, by, every, whole } = answer;
  const first = steps[0]?.count ?? 0;
  const last = steps.at(-1)?.count ?? 0;
  const sentence =
    first === 0
      ? `Nobody did ${steps[0]?.name ?? 'the first step'} in this time.`
      : `${thousands(last)} of ${thousands(first)} ${subject}s went all the way: ${percent(last, first)}${whole?.medianMs == null ? '' : `, half of them within ${duration(whole.medianMs)}`}.`;
  return html`<h2 class="headline">${sentence}</h2>
    ${chartOf(answer, sentence)} ${stepTable(answer)}
    ${
      groups === undefined
        ? nothing
        : html`<h3>By ${by}</h3>${splitTable(
            by ?? '',
            steps,
            groups.map((group) => ({ name: groupName(group), steps: group.steps })),
          )}`
    }
    ${
      every === undefined || groups !== undefined
        ? nothing
        : html`<h3>By ${every}</h3>${splitTable(
            every,
            steps,
            (answer.periods ?? []).map(({ period, steps }) => ({ name: period, steps })),
          )}`
    }`;
}

export function groupName({ value, others }: Pick<Group, 'value' | 'others'>): string {
  return others ? '(others)' : (value ?? '(none)');
}

function chartOf({ steps, groups, periods, every, by }: FunnelAnswer, sentence: string): TemplateResult {
  if (every !== undefined) {
    const lines =
      groups === undefined
        ? [{ name: 'all', periods: periods ?? [] }]
        : groups.map((group) => ({ name: groupName(group), periods: group.periods ?? [] }));
    return html`<cairn-chart class="chart low" .draw=${(palette: Palette) => periodsChart(lines, palette, tooltip(palette))} label="Share that went all the way, by ${every}. ${sentence}"></cairn-chart>`;
  }
  if (groups !== undefined)
    return html`<cairn-chart class="chart" .draw=${(palette: Palette) =>
      groupsChart(
        groups.map((group) => ({ name: groupName(group), steps: group.steps })),
        palette,
        tooltip(palette),
      )} label="Share that reached each step, by ${by}. ${sentence}"></cairn-chart>`;
  return html`<cairn-chart class="chart" .draw=${(palette: Palette) => funnelChart(steps, palette, tooltip(palette))} label="How many reached each step. ${sentence}"></cairn-chart>`;
}

function stepTable({ steps, subject }: FunnelAnswer): TemplateResult {
  const first = steps[0]?.count ?? 0;
  const isTimed = steps.some(({ fromPrevious }) => fromPrevious !== undefined);
  return html`<div class="scroll"><table class="dense">
    <thead><tr><th scope="col">Step</th><th scope="col" class="number">${subject === 'user' ? 'Users' : subject === 'account' ? 'Accounts' : 'Sessions'}</th><th scope="col" class="number">Of first</th><th scope="col" class="number">Of previous</th><th scope="col" class="number">Lost</th>${isTimed ? html`<th scope="col" class="number">Median time</th><th scope="col" class="number">90 % within</th>` : nothing}</tr></thead>
    <tbody>${steps.map(({ name, count, fromPrevious }, index) => {
      const before = steps[index - 1]?.count ?? count;
      return html`<tr><th scope="row">${index + 1} ${name}</th><td class="number">${thousands(count)}</td><td class="number">${percent(count, first)}</td><td class="number">${percent(count, before)}</td><td class="number quiet">${index === 0 ? '' : thousands(before - count)}</td>${isTimed ? times(fromPrevious) : nothing}</tr>`;
    })}</tbody>
  </table></div>`;
}

function times(figures: TimeFigures | undefined): TemplateResult {
  const text = (ms: number | null | undefined) => (ms == null ? '–' : duration(ms));
  return html`<td class="number">${text(figures?.medianMs)}</td><td class="number">${text(figures?.p90Ms)}</td>`;
}

/** A row for each value or period, a column for each step. */
function splitTable(
  title: string,
  steps: readonly FunnelStep[],
  rows: readonly { readonly name: string; readonly steps: readonly FunnelStep[] }[],
): TemplateResult {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="By ${title}"><table class="dense">
    <thead><tr><th scope="col">${title}</th>${steps.map(({ name }, index) => html`<th scope="col" class="number">${index + 1} ${name}</th>`)}<th scope="col" class="number">All the way</th></tr></thead>
    <tbody>${rows.map(
      (row) =>
        html`<tr><th scope="row">${row.name}</th>${row.steps.map(({ count }) => html`<td class="number">${thousands(count)}</td>`)}<td class="number"><strong>${percent(row.steps.at(-1)?.count ?? 0, row.steps[0]?.count ?? 0)}</strong></td></tr>`,
    )}</tbody>
  </table></div>`;
}
