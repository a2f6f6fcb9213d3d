import type { IdentifyLimit } from '#lib/config/environments.ts';

/** A row of `identify_limits`. */
export type LimitRow = { readonly environment: number; readonly user_ids: number; readonly days: number };

/** By which limit the verdicts of each environment were reached; none where nothing was noted. */
export function limitsSql(generation: number): string {
  return `SELECT environment, argMax(user_ids, noted_at) AS user_ids, argMax(days, noted_at) AS days
FROM cairn.identify_limits WHERE generation = ${generation} GROUP BY environment`;
}

/** Notes the limit that the verdicts of an environment were reached by. */
export function noteLimitSql(generation: number, environment: number, limit: IdentifyLimit | null): string {
  const { userIds, days } = limit ?? { userIds: 0, days: 0 };
  return `INSERT INTO cairn.identify_limits VALUES (${generation}, ${environment}, ${userIds}, ${days}, now64(6))`;
}

/** Environments that have bindings. */
export function boundEnvironmentsSql(generation: number): string {
  return `SELECT DISTINCT environment FROM cairn.user_migrations WHERE generation = ${generation}`;
}
