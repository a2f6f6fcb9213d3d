import type { Step } from './naive-funnel.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

/** People whose first `start` event fell on a day (UTC), and how many of them came back so many days later. */
export type Cohort = {
  /** `YYYY-MM-DD`. */
  readonly day: string;
  readonly size: number;
  /** `returned[n]`: people with a `back` event `n` days after the cohort's day. */
  readonly returned: readonly number[];
};

/** Cohorts by day in order, each watched for `days` days after its own. */
export function countRetention(
  people: Iterable<readonly Step[]>,
  names: { readonly start: string; readonly back: string },
  days: number,
): Cohort[] {
  const cohorts = new Map<number, { size: number; returned: number[] }>();
  for (const events of people) {
    const first = events.find(({ name }) => name === names.start);
    if (first === undefined) continue;
    const day = Math.floor(first.at / DAY_MS);
    const cohort = cohorts.getOrInsertComputed(day, () => ({
      size: 0,
      returned: Array.from({ length: days + 1 }, () => 0),
    }));
    cohort.size += 1;
    const later = new Set(
      events.filter(({ name }) => name === names.back).map(({ at }) => Math.floor(at / DAY_MS) - day),
    );
    for (const n of later) if (n >= 0 && n <= days) cohort.returned[n]! += 1;
  }
  return [...cohorts]
    .sort(([a], [b]) => a - b)
    .map(([day, cohort]) => ({ day: new Date(day * DAY_MS).toISOString().slice(0, 10), ...cohort }));
}
