import { html, nothing, type TemplateResult } from 'lit';
import type { PathsAnswer } from '#queries/answer/paths-answer.ts';
import { percent, thousands } from '../format.ts';
import { type Palette, tooltip } from './chart.ts';
import { stepFlows } from './step-flows.ts';

/** Flow and table of paths. */
export function pathsAnswer(answer: PathsAnswer): TemplateResult {
  const { point, direction, occurrences, paths, others } = answer;
  if (paths.length === 0) return html`<h2 class="headline">${point} did not happen in this time.</h2>`;
  const sentence = `${thousands(occurrences)} times ${point}; the ${paths.length} most frequent ways ${direction === 'after' ? 'from' : 'to'} it`;
  return html`<h2 class="headline">${sentence}</h2>
    <cairn-chart class="chart tall" .draw=${(palette: Palette) => chartOf(answer, palette)} label=${sentence}></cairn-chart>
    <div class="scroll"><table class="dense">
      <thead><tr><th scope="col">Path</th><th scope="col" class="number">Times</th><th scope="col" class="number">Share</th><th scope="col" class="number">Users</th></tr></thead>
      <tbody>
        ${paths.map((path) => row(path.steps.join(' → '), path, occurrences))}
        ${others === null ? nothing : row('all others', others, occurrences)}
      </tbody>
    </table></div>`;
}

function row(
  name: string,
  { paths, users }: { readonly paths: number; readonly users: number },
  occurrences: number,
): TemplateResult {
  return html`<tr><th scope="row">${name}</th><td class="number">${thousands(paths)}</td><td class="number">${percent(paths, occurrences)}</td><td class="number">${thousands(users)}</td></tr>`;
}

function chartOf(answer: PathsAnswer, palette: Palette) {
  const { nodes, links } = stepFlows(answer);
  return {
    tooltip: { ...tooltip(palette), trigger: 'item' },
    series: [
      {
        type: 'sankey',
        left: 16,
        right: 150,
        top: 16,
        bottom: 16,
        nodeGap: 10,
        nodeWidth: 12,
        draggable: false,
        emphasis: { focus: 'adjacency' },
        data: nodes.map(({ id, name, depth }) => ({
          name: id,
          depth,
          value: name,
          itemStyle: { color: palette.series[depth % palette.series.length] },
        })),
        links,
        label: {
          color: palette.ink,
          fontSize: 12,
          width: 140,
          overflow: 'truncate',
          formatter: ({ name }: { name: string }) => name.replace(/^\d+ /, ''),
        },
        lineStyle: { color: 'source', opacity: 0.18, curveness: 0.5 },
      },
    ],
  };
}
