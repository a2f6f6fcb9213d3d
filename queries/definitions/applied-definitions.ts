import type { Query } from '../query.ts';
import type { DefinedEvent } from './definition.ts';
import { definitionHash } from './definition-hash.ts';
import { viewName } from './definition-set.ts';

/**
 * What definitions were in force when: a row for each time one was applied in another form, or removed. Only added to, so
 * that what a name meant in March can be told.
 */
export const APPLIED_DEFINITIONS_SQL: readonly string[] = [
  `CREATE TABLE IF NOT EXISTS cairn.definitions (environment UInt16, name String, view String,
  state LowCardinality(String), version UInt32, hash String, kind LowCardinality(String), category String, owner String,
  description String, verified Bool, yaml String, meaning String, applied_at DateTime64(6, 'UTC') DEFAULT now64(6))
ENGINE = MergeTree ORDER BY (environment, name, applied_at)`,
];

/** A row of `cairn.definitions`, but for the time. */
export type AppliedRow = {
  readonly environment: number;
  readonly name: string;
  readonly view: string;
  readonly state: 'applied' | 'removed';
  readonly version: number;
  readonly hash: string;
  readonly kind: string;
  readonly category: string;
  readonly owner: string;
  readonly description: string;
  readonly verified: boolean;
  /** As it was written. */
  readonly yaml: string;
  /** The events it stands for, as JSON of an EventMatch's `anyOf`. */
  readonly meaning: string;
};

/** A row as it is found. Times are epoch ms. */
export type AppliedDefinition = AppliedRow & { readonly appliedAtMs: number };

export function appliedRow(environment: number, event: DefinedEvent): AppliedRow {
  const { name, version, kind, category, owner, description, verified, yaml } = event.definition;
  return {
    environment,
    name,
    view: viewName(name),
    state: 'applied',
    version,
    hash: definitionHash(event),
    kind,
    category,
    owner,
    description,
    verified,
    yaml,
    meaning: JSON.stringify(event.match.anyOf),
  };
}

const COLUMNS = `environment, name, view, state, version, hash, kind, category, owner, description, verified, yaml, meaning,
  toUnixTimestamp64Milli(applied_at) AS appliedAtMs`;

/** What was in force at a time (epoch ms; undefined = now): the newest row of each name before it, removed ones included. */
export function appliedQuery(environment: number, atMs?: number): Query {
  const before = atMs === undefined ? '' : " AND applied_at < fromUnixTimestamp64Milli({at:Int64}, 'UTC')";
  return {
    sql: `SELECT ${COLUMNS}
FROM cairn.definitions WHERE environment = {environment:UInt16}${before}
ORDER BY name, applied_at DESC LIMIT 1 BY name`,
    params: { environment, ...(atMs === undefined ? {} : { at: atMs }) },
  };
}

/** Every form that a definition had, the newest first. */
export function historyQuery(environment: number, name: string): Query {
  return {
    sql: `SELECT ${COLUMNS}
FROM cairn.definitions WHERE environment = {environment:UInt16} AND name = {name:String} ORDER BY applied_at DESC`,
    params: { environment, name },
  };
}
