import { shownText } from '#lib/shown-text.ts';
import { groupText } from '#queries/answer/groups.ts';
import type { TrendAnswer } from '#queries/answer/trend-answer.ts';
import { renderTable } from '../table.ts';
import { latestPeriods } from './latest-periods.ts';
import { figureText } from './shown-text.ts';
import { sparkline } from './sparkline.ts';

type Line = {
  readonly title: string;
  readonly figures: readonly (number | null)[];
  /** Lines of one scale are of the same height where they say the same. */
  readonly scale: number;
};

/** A sparkline of each series, then the figures of each period. */
export function renderTrend(answer: TrendAnswer): string {
  const { periods, every } = answer;
  if (periods.length === 0) return 'There is nothing in the range\n';
  const lines = linesOf(answer);
  const mostOf = (scale: number) =>
    Math.max(
      0,
      ...lines.flatMap((line) => (line.scale === scale ? line.figures : []).map((figure) => figure ?? 0)),
    );
  const charts = renderTable(
    [
      { title: '' },
      { title: 'least', right: true },
      { title: 'most', right: true },
      { title: `${periods[0]} to ${periods.at(-1)}` },
    ],
    lines.map(({ title, figures, scale }) => [
      title,
      figureText(extreme(figures, Math.min)),
      figureText(extreme(figures, Math.max)),
      sparkline(figures, mostOf(scale)),
    ]),
  );
  const { rows, more } = latestPeriods(
    periods.map((period, index) => [period, ...lines.map(({ figures }) => figureText(figures[index]))]),
  );
  const table = renderTable([{ title: every }, ...lines.map(({ title }) => ({ title, right: true }))], rows);
  return `${charts}\n${table}${more}`;
}

function linesOf({ series, formula, groups, by }: TrendAnswer): readonly Line[] {
  return groups.flatMap((group) => {
    const value =
      by === undefined
        ? ''
        : `${shownText(groupText({ value: group.value ?? null, ...(group.others ? { others: true } : {}) }))}: `;
    const figures = series.map(({ name, measure }, index) => ({
      title: `${value}${shownText(measure === 'events' ? name : `${name}, ${measure}`)}`,
      figures: group.series[index] ?? [],
      scale: index,
    }));
    return formula === null
      ? figures
      : [
          ...(by === undefined ? figures : []),
          { title: `${value}${shownText(formula)}`, figures: group.formula ?? [], scale: -1 },
        ];
  });
}

function extreme(figures: readonly (number | null)[], of: (...figures: number[]) => number): number | null {
  const known = figures.filter((figure) => figure !== null);
  return known.length === 0 ? null : of(...known);
}
