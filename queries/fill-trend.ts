import type { TrendAnswer, TrendRow } from './answers.ts';
import { fillPeriods } from './fill-periods.ts';
import { parseFormula } from './formula.ts';
import type { Measure, TrendQuestion } from './questions.ts';

/**
 * Makes an answer with every period of the rows of a trend, and reckons the formula for each: `fillPeriods` says which periods these
 * are. Throws RangeError where there are too many periods.
 */
export function fillTrend(question: TrendQuestion, rows: readonly TrendRow[], nowMs: number): TrendAnswer {
  const { series, formula } = question;
  const { periods, groups } = fillPeriods(question, rows, nowMs, ({ events }) => events);
  const reckon = formula === undefined ? undefined : parseFormula(formula, series.length);
  const nothing = series.map(({ measure }) => measureOfNothing(measure));
  return {
    periods,
    groups: groups.map(({ key, rows }) => {
      const measures = rows.map((row) => row?.measures ?? nothing);
      return {
        ...key,
        series: series.map((_, index) => measures.map((figures) => figures[index] ?? null)),
        ...(reckon === undefined ? {} : { formula: measures.map(reckon) }),
      };
    }),
  };
}

function measureOfNothing({ of }: Measure): number | null {
  return of === 'average' || of === 'median' || of === 'least' || of === 'most' ? null : 0;
}
