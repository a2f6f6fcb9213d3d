import { scryptSync } from 'node:crypto';
import type { ClickHouse } from '#lib/clickhouse/client.ts';
import type { DictionaryDefinition } from '../core/resolver-sql.ts';

/**
 * Creates dictionaries that are missing or whose definition is another one now, and leaves the others alone: a
 * dictionary that is replaced is read anew by the next question, and a reload of it that runs at the same moment
 * finds it gone.
 */
export async function keepDictionaries(
  clickHouse: ClickHouse,
  definitions: readonly DictionaryDefinition[],
): Promise<void> {
  const known = await clickHouse.query<{ name: string; comment: string }>(
    `SELECT name, comment FROM system.dictionaries WHERE database = 'cairn'`,
  );
  const marks = new Map(known.map(({ name, comment }) => [name, comment]));
  for (const { name, sql } of definitions) {
    const mark = markOf(sql);
    if (marks.get(name) !== mark) await clickHouse.command(`${sql} COMMENT '${mark}'`);
  }
}

/** What tells one definition from another. Slow to make, because a definition may hold a password and anybody may read this. */
function markOf(sql: string): string {
  return `definition ${scryptSync(sql, 'cairn', 12).toString('hex')}`;
}
