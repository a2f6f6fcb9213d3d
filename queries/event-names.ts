import { scopeConditions } from './event-scope.ts';
import { Parameters } from './parameters.ts';
import type { Query } from './query.ts';

export type EventNameRow = { readonly name: string; readonly events: number };

/** Every event name of an environment, the most frequent first. */
export function eventNamesQuery(environment: number): Query {
  const parameters = new Parameters();
  const conditions = scopeConditions({ environment }, parameters);
  return {
    sql: `SELECT name, count() AS events
FROM cairn.resolved_events
WHERE ${conditions.join(' AND ')}
GROUP BY name
ORDER BY events DESC, name
LIMIT 10000`,
    params: parameters.values,
  };
}
