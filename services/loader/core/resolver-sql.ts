import { literal } from '#lib/clickhouse/sql-text.ts';

/**
 * Who a device is and which session an absorbed one became, looked up when a view is read. Figures and
 * alternatives: docs/adr/0003-identity-resolver.md.
 *
 * Each generation has three dictionaries in the storage database:
 *
 *   identities_gN          every binding that counts; reloaded seldom
 *   recent_identities_gN   verdicts reached since; small, reloaded after each insert of bindings
 *   absorbed_sessions_gN   absorbed sessions; reloaded after each insert that holds one
 *
 * The key of all three is (environment, id) in one UInt64, environment in the highest 11 bits. A dictionary
 * name is a constant expression over the live generation, so that a switch of generations switches these too.
 */

/** User and password a dictionary reads its tables with; the server's default user where left out. */
export type Reader = { readonly user: string; readonly password: string };

/** The generation that readers see. */
export const LIVE_GENERATION = '(SELECT argMax(g, switched_at) FROM cairn.live)';

/** Which of the dictionaries of all generations an expression asks, as SQL. */
export type DictionaryChoice = (dictionary: string) => string;

const ofLive: DictionaryChoice = (dictionary) =>
  `concat('cairn.${dictionary}_g', toString(assumeNotNull(${LIVE_GENERATION})))`;

/** The dictionaries of one generation, live or not. */
export function ofGeneration(generation: number): DictionaryChoice {
  return (dictionary) => `'cairn.${dictionary}_g${generation}'`;
}

const key = (row: string, id: string) => `bitOr(bitShiftLeft(toUInt64(${row}environment), 53), ${row}${id})`;

/**
 * Resolved user id of the rows of a table alias ('' where the table has none), which have `environment` and the device
 * under `column`.
 */
export function resolvedUserId(alias: string, column = 'device_id', choice = ofLive): string {
  const row = alias === '' ? '' : `${alias}.`;
  return `dictGetOrDefault(${choice('recent_identities')}, 'user_id', ${key(row, column)},
    dictGetOrDefault(${choice('identities')}, 'user_id', ${key(row, column)}, ${row}${column}))`;
}

/**
 * Resolved session id of the rows of a table alias, which have `environment`, `device_id` and `session_id`;
 * 0 = none. Client session ids may repeat across devices, so an entry counts for its own device only. Where there is
 * none the dictionary answers device 0, which is a device like any other.
 */
export function resolvedSessionId(alias: string, choice = ofLive): string {
  const row = `${alias}.`;
  return `if(dictGet(${choice('absorbed_sessions')}, 'device_id', ${key(row, 'session_id')}) = ${row}device_id,
    dictGetOrDefault(${choice('absorbed_sessions')}, 'survivor', ${key(row, 'session_id')}, ${row}session_id), ${row}session_id)`;
}

/** A dictionary of the storage database, and the statement that puts it there whether or not it exists. */
export type DictionaryDefinition = { readonly name: string; readonly sql: string };

const dictionary = (
  name: string,
  columns: string,
  layout: string,
  query: string,
  reader: Reader | undefined,
): DictionaryDefinition => ({
  name,
  sql: `CREATE OR REPLACE DICTIONARY cairn.${name} (key UInt64, ${columns}) PRIMARY KEY key
SOURCE(CLICKHOUSE(${reader === undefined ? '' : `USER ${literal(reader.user)} PASSWORD ${literal(reader.password)} `}QUERY ${literal(query)}))
LAYOUT(${layout}) LIFETIME(0)`,
});

/** Removes the dictionaries of a generation. */
export function dropDictionariesSql(generation: number): readonly string[] {
  return ['identities', 'recent_identities', 'absorbed_sessions'].map(
    (name) => `DROP DICTIONARY IF EXISTS cairn.${name}_g${generation}`,
  );
}

/** The dictionaries of a generation. A dictionary loads at its first use, from tables, also after a restart. */
export function dictionariesOf(generation: number, reader?: Reader): readonly DictionaryDefinition[] {
  return [
    dictionary(
      `identities_g${generation}`,
      'user_id UInt64',
      'HASHED()',
      `SELECT ${key('', 'from_user_id')} AS key, to_user_id AS user_id FROM cairn.user_migrations FINAL
WHERE generation = ${generation} AND counts = 1`,
      reader,
    ),
    dictionary(
      `recent_identities_g${generation}`,
      'user_id UInt64',
      'HASHED()',
      `SELECT key, argMax(user_id, version) AS user_id FROM cairn.identity_changes WHERE generation = ${generation}
AND version > (SELECT max(version) FROM cairn.identity_base WHERE generation = ${generation}) GROUP BY key`,
      reader,
    ),
    dictionary(
      `absorbed_sessions_g${generation}`,
      'device_id UInt64, survivor UInt64',
      'HASHED()',
      `SELECT key, argMax(device_id, version) AS device_id, argMax(survivor, version) AS survivor
FROM cairn.absorbed_sessions WHERE generation = ${generation} GROUP BY key`,
      reader,
    ),
  ];
}

/** Makes bindings inserted so far visible. */
export function reloadRecentSql(generation: number): string {
  return `SYSTEM RELOAD DICTIONARY cairn.recent_identities_g${generation}`;
}

/** Makes absorbed sessions inserted so far visible. */
export function reloadSessionsSql(generation: number): string {
  return `SYSTEM RELOAD DICTIONARY cairn.absorbed_sessions_g${generation}`;
}

/**
 * Moves recent verdicts into the large dictionary, in this order: it is loaded first, and only then does the
 * small one let go of what was inserted before (up to `version`).
 */
export function rebaseSql(generation: number, version: string): readonly string[] {
  return [
    `SYSTEM RELOAD DICTIONARY cairn.identities_g${generation}`,
    `INSERT INTO cairn.identity_base VALUES (${generation}, ${version})`,
    reloadRecentSql(generation),
    `ALTER TABLE cairn.identity_changes DELETE WHERE generation = ${generation} AND version <= ${version}`,
  ];
}
