import type { FunnelStep } from '#queries/answer/funnel-answer.ts';
import { percent } from '../format.ts';
import type { Palette } from './chart.ts';

/** Values or lines that a chart can tell apart. */
const MOST_COLOURS = 6;

type Tooltip = object;

const share = (part: number, whole: number) => (whole === 0 ? null : (100 * part) / whole);
const percentText = (value: number | null) => (value === null ? '' : `${value.toFixed(1)} %`);
export const GRID = { left: 16, right: 24, top: 36, bottom: 14, containLabel: true };

/** Axis of names, in words that stay readable. */
export function namesAxis(names: readonly string[], palette: Palette) {
  return {
    type: 'category',
    data: names,
    axisTick: { show: false },
    axisLine: { lineStyle: { color: palette.line } },
    axisLabel: {
      color: palette.ink,
      overflow: 'truncate',
      width: Math.max(60, 1000 / Math.max(1, names.length)),
      hideOverlap: true,
    },
  };
}

/** Axis of names under lines, which go from edge to edge. */
export function lineAxis(names: readonly string[], palette: Palette) {
  const axis = namesAxis(names, palette);
  const axisLabel = { ...axis.axisLabel, alignMinLabel: 'left', alignMaxLabel: 'right' };
  return { ...axis, boundaryGap: false, axisLabel };
}

export function valueAxis(palette: Palette, formatter?: string) {
  return {
    type: 'value',
    splitLine: { lineStyle: { color: palette.line } },
    axisLabel: { color: palette.quiet, ...(formatter === undefined ? {} : { formatter }) },
  };
}

export function legend(palette: Palette) {
  return {
    top: 6,
    right: 16,
    icon: 'roundRect',
    itemWidth: 12,
    itemHeight: 8,
    textStyle: { color: palette.quiet },
  };
}

/** Who came as far as each step, and above it who had come as far as the one before. */
export function funnelChart(steps: readonly FunnelStep[], palette: Palette, tooltip: Tooltip) {
  const first = steps[0]?.count ?? 0;
  return {
    tooltip: { ...tooltip, trigger: 'axis', axisPointer: { type: 'none' } },
    grid: GRID,
    xAxis: namesAxis(
      steps.map(({ name }, index) => `${index + 1} ${name}`),
      palette,
    ),
    yAxis: valueAxis(palette),
    series: [
      {
        name: 'reached',
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
        name: 'lost',
        type: 'bar',
        stack: 'all',
        data: steps.map(({ count }, index) => (steps[index - 1]?.count ?? count) - count),
        itemStyle: { color: palette.series[0], opacity: 0.13, borderRadius: [3, 3, 0, 0] },
      },
    ],
  };
}

/** Of each value the share that reached each step. */
export function groupsChart(
  groups: readonly { readonly name: string; readonly steps: readonly FunnelStep[] }[],
  palette: Palette,
  tooltip: Tooltip,
) {
  const shown = groups.slice(0, MOST_COLOURS);
  const names = shown[0]?.steps.map(({ name }, index) => `${index + 1} ${name}`) ?? [];
  return {
    tooltip: { ...tooltip, trigger: 'axis', axisPointer: { type: 'none' }, valueFormatter: percentText },
    legend: legend(palette),
    grid: { ...GRID, top: 44 },
    xAxis: namesAxis(names, palette),
    yAxis: { ...valueAxis(palette, '{value} %'), max: 100 },
    series: shown.map(({ name, steps }) => ({
      name,
      type: 'bar',
      barMaxWidth: 48,
      data: steps.map(({ count }) => share(count, steps[0]?.count ?? 0)),
      itemStyle: { borderRadius: [3, 3, 0, 0] },
    })),
  };
}

type Line = {
  readonly name: string;
  readonly periods: readonly { readonly period: string; readonly steps: readonly FunnelStep[] }[];
};

/** The share that went all the way, by the period in which they began. */
export function periodsChart(lines: readonly Line[], palette: Palette, tooltip: Tooltip) {
  const shown = lines.slice(0, MOST_COLOURS);
  const periods = [...new Set(shown.flatMap((line) => line.periods.map(({ period }) => period)))].sort();
  return {
    tooltip: { ...tooltip, trigger: 'axis', valueFormatter: percentText },
    ...(shown.length > 1 ? { legend: legend(palette) } : {}),
    grid: { ...GRID, top: shown.length > 1 ? 44 : 20 },
    xAxis: lineAxis(periods, palette),
    yAxis: valueAxis(palette, '{value} %'),
    series: shown.map((line) => ({
      name: line.name,
      type: 'line',
      symbolSize: 6,
      data: periods.map((period) => {
        const steps = line.periods.find((one) => one.period === period)?.steps ?? [];
        return share(steps.at(-1)?.count ?? 0, steps[0]?.count ?? 0);
      }),
    })),
  };
}
