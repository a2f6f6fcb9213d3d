import type { FunnelRow } from '../funnel.ts';
import { propertyText } from '../property-ref.ts';
import type { FunnelQuestion, Period } from '../questions.ts';
import { groupName, groupsOf, isSameGroup, type NamedGroup } from './groups.ts';
import type { LostUsers } from './lost-users.ts';

/** How long something took, in ms: quantiles over those who did all steps; null where nobody did. */
export type TimeFigures = {
  readonly p25Ms: number | null;
  readonly medianMs: number | null;
  readonly p75Ms: number | null;
  readonly p90Ms: number | null;
};

export type FunnelStep = {
  readonly name: string;
  readonly count: number;
  /** With `times`, but for the first step: how long it took from the step before. */
  readonly fromPrevious?: TimeFigures;
};

type Steps = {
  readonly steps: readonly FunnelStep[];
  /** With `times`: from the first step to the last. */
  readonly whole?: TimeFigures;
};

type StepsOfPeriod = Steps & { readonly period: string };

export type FunnelAnswer = Steps & {
  readonly ask: 'funnel';
  /** Where they were asked for. */
  readonly lost?: LostUsers;
  readonly environment: string;
  readonly subject: FunnelQuestion['subject'];
  readonly withinMs: number | null;
  /** With `every`: the attempts that began in each period; a subject counts in each in which it began one. */
  readonly every?: Period;
  readonly periods?: readonly StepsOfPeriod[];
  readonly by?: string;
  readonly groups?: readonly (NamedGroup & Steps & { readonly periods?: readonly StepsOfPeriod[] })[];
};

/** The answer of a funnel's rows; `whole` are those of the same funnel without `every`. */
export function funnelAnswer(
  question: FunnelQuestion,
  rows: readonly FunnelRow[],
  whole: readonly FunnelRow[],
): FunnelAnswer {
  const { steps, by, every } = question;
  const names = steps.map(({ label }) => label);
  const totals = names.map((_, index) => whole.reduce((sum, { counts }) => sum + (counts[index] ?? 0), 0));
  const only = whole.length === 1 && by === undefined ? whole[0] : undefined;
  return {
    ask: 'funnel',
    environment: question.database,
    subject: question.subject,
    steps:
      (only && stepsOf(names, only).steps) ??
      names.map((name, index) => ({ name, count: totals[index] ?? 0 })),
    ...(only === undefined ? {} : wholeOf(only)),
    withinMs: question.withinMs ?? null,
    ...(every === undefined ? {} : { every }),
    ...(every === undefined || by !== undefined ? {} : { periods: periodsOf(names, rows) }),
    ...(by === undefined
      ? {}
      : {
          by: `${propertyText(by.property)}${by.step === 1 ? '' : ` of step ${by.step}`}`,
          groups: groupsOf(whole).map(({ key, rows: [row] }) => ({
            ...groupName(key),
            ...(row === undefined ? { steps: [] } : stepsOf(names, row)),
            ...(every === undefined
              ? {}
              : {
                  periods: periodsOf(
                    names,
                    rows.filter((one) => isSameGroup(one, key)),
                  ),
                }),
          })),
        }),
  };
}

function periodsOf(names: readonly string[], rows: readonly FunnelRow[]): readonly StepsOfPeriod[] {
  return rows.map((row) => ({ period: row.period ?? '', ...stepsOf(names, row) }));
}

function stepsOf(names: readonly string[], row: FunnelRow): Steps {
  return {
    steps: names.map((name, index) => {
      const times = row.betweenMs?.[index - 1];
      return {
        name,
        count: row.counts[index] ?? 0,
        ...(times === undefined ? {} : { fromPrevious: figures(times) }),
      };
    }),
    ...wholeOf(row),
  };
}

function wholeOf({ wholeMs }: FunnelRow): { whole?: TimeFigures } {
  return wholeMs === undefined ? {} : { whole: figures(wholeMs) };
}

/** Of the quantiles of TIME_QUANTILES, in its order. */
function figures([p25Ms = null, medianMs = null, p75Ms = null, p90Ms = null]: readonly (
  | number
  | null
)[]): TimeFigures {
  return { p25Ms, medianMs, p75Ms, p90Ms };
}
