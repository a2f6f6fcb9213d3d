import type { ECharts, EChartsCoreOption } from 'echarts';
import { LitElement } from 'lit';

/** Colours of the page, for charts. */
export type Palette = {
  readonly ink: string;
  readonly quiet: string;
  readonly line: string;
  readonly surface: string;
  readonly series: readonly string[];
};

type Draw = (palette: Palette) => EChartsCoreOption;

/**
 * A chart in SVG, in the colours of the page. Its table says the same to who cannot see it, so it is a picture with a name to
 * a screen reader. ECharts is loaded with the first chart.
 */
class CairnChart extends LitElement {
  static override properties = { draw: { attribute: false }, label: {} };
  declare draw: Draw | undefined;
  declare label: string;
  #chart: ECharts | undefined;
  #resized = new ResizeObserver(() => this.#chart?.resize());
  #redraw = () => this.requestUpdate();

  override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    addEventListener('themechange', this.#redraw);
    this.#resized.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    removeEventListener('themechange', this.#redraw);
    this.#resized.disconnect();
    this.#chart?.dispose();
    this.#chart = undefined;
  }

  override async updated(): Promise<void> {
    this.setAttribute('role', 'img');
    this.setAttribute('aria-label', this.label);
    const { init } = await import('echarts');
    if (!this.isConnected || this.draw === undefined) return;
    this.#chart ??= init(this, null, { renderer: 'svg' });
    const palette = paletteOf(this);
    this.#chart.setOption(
      {
        aria: { enabled: true, label: { description: this.label } },
        animation: !matchMedia('(prefers-reduced-motion: reduce)').matches,
        animationDuration: 250,
        textStyle: { fontFamily: getComputedStyle(this).fontFamily, color: palette.quiet },
        color: [...palette.series],
        ...this.draw(palette),
      },
      { notMerge: true },
    );
  }
}
customElements.define('cairn-chart', CairnChart);

/** Colours as the browser computes them: ECharts does not know `light-dark()`. */
function paletteOf(element: HTMLElement): Palette {
  const probe = document.createElement('span');
  element.append(probe);
  const colour = (name: string) => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const palette = {
    ink: colour('ink'),
    quiet: colour('quiet'),
    line: colour('line'),
    surface: colour('surface'),
    series: [1, 2, 3, 4, 5, 6].map((index) => colour(`series-${index}`)),
  };
  probe.remove();
  return palette;
}

/** A tooltip in the colours of the page. */
export function tooltip({ surface, line, ink }: Palette) {
  return {
    backgroundColor: surface,
    borderColor: line,
    textStyle: { color: ink, fontSize: 12 },
    confine: true,
    appendTo: 'body',
  };
}
