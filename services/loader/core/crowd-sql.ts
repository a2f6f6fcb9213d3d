/** An identity and how many devices it has. */
export type Crowd = { readonly environment: number; readonly to_user_id: number; readonly devices: number };

/**
 * Identities with more devices than a number: of all, or of some of one environment. Rows of several versions are
 * told apart only where there are so many.
 */
export function crowdsSql(
  generation: number,
  mostDevices: number,
  among?: { readonly environment: number; readonly identities: ReadonlySet<number> },
): string {
  const own =
    among === undefined
      ? `generation = ${generation}`
      : `generation = ${generation} AND environment = ${among.environment} AND to_user_id IN (${[...among.identities].join(',')})`;
  return `SELECT environment, to_user_id, uniqExact(from_user_id) AS devices FROM cairn.user_migrations
WHERE ${own} AND (environment, to_user_id) IN (
  SELECT environment, to_user_id FROM cairn.user_migrations WHERE ${own}
  GROUP BY environment, to_user_id HAVING count() > ${mostDevices} SETTINGS optimize_aggregation_in_order = 1)
GROUP BY environment, to_user_id HAVING devices > ${mostDevices}`;
}
