import type { TrendAnswer as FilledTrend } from '../answers.ts';
import { propertyText } from '../property-ref.ts';
import type { Measure, Period, TrendQuestion } from '../questions.ts';

export type TrendAnswer = FilledTrend & {
  readonly ask: 'trend';
  readonly environment: string;
  readonly every: Period;
  /** Named A, B, C, ... in the formula. */
  readonly series: readonly { readonly name: string; readonly measure: string }[];
  readonly formula: string | null;
  readonly by?: string;
};

export function trendAnswer(question: TrendQuestion, filled: FilledTrend): TrendAnswer {
  const { series, formula, by } = question;
  return {
    ask: 'trend',
    environment: question.database,
    every: question.every,
    series: series.map(({ event, measure }) => ({ name: event.label, measure: measureText(measure) })),
    formula: formula ?? null,
    ...(by === undefined ? {} : { by: propertyText(by) }),
    periods: filled.periods,
    groups: filled.groups,
  };
}

export function measureText(measure: Measure): string {
  return 'property' in measure ? `${measure.of} of ${propertyText(measure.property)}` : measure.of;
}
