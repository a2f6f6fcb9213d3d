import { html, svg, type TemplateResult } from 'lit';
import { thousands } from '../format.ts';

const WIDTH = 120;
const HEIGHT = 22;

/** Volumes by day as bars, the last one today. */
export function sparkline(counts: readonly number[]): TemplateResult {
  const most = Math.max(1, ...counts);
  const step = WIDTH / counts.length;
  const label = `By day: most ${thousands(Math.max(0, ...counts))}, today ${counts.at(-1) ?? 0}`;
  return html`<svg class="sparkline" role="img" aria-label=${label} viewBox="0 0 ${WIDTH} ${HEIGHT}" width=${WIDTH} height=${HEIGHT}>
    ${counts.map((count, index) => {
      const height = count === 0 ? 1 : Math.max(2, (HEIGHT * count) / most);
      return svg`<rect class=${count === 0 ? 'none' : ''} x=${index * step} y=${HEIGHT - height} width=${step - 1} height=${height}></rect>`;
    })}
  </svg>`;
}
