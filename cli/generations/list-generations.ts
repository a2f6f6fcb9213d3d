import type { ClickHouseClient } from '@clickhouse/client';
import { revisionOf } from '#lib/generations/log-revision.ts';
import { ask } from '../clickhouse-access.ts';
import { progressOfStages } from '../progress-of-stages.ts';
import { COMPARED_TABLES } from './comparison-sql.ts';
import { readSwitches } from './live-generation.ts';
import type { Workplace } from './open-workplace.ts';
import { generationsOfTopics } from './unfinished.ts';

export type GenerationInfo = {
  readonly generation: number;
  /** `live`, `old` (it was live and can be switched back to) or `building`. */
  readonly state: 'live' | 'old' | 'building';
  /** Rows in ClickHouse by table, versions that a merge will take included. */
  readonly rows: Readonly<Record<string, number>>;
  readonly topics: number;
  /** Revision of the log that it reads, and its partitions. */
  readonly logRevision: number;
  readonly partitions: number;
  /** Records that its stages have still to process. */
  readonly lag: number;
  /** Epoch ms UTC; null = it never was. */
  readonly createdAtMs: number | null;
  readonly verifiedAtMs: number | null;
  readonly switchedAtMs: number | null;
  /** Rows received before this were copied from `copiedFrom`; null = the whole log was replayed. */
  readonly copiedBeforeMs: number | null;
  readonly copiedFrom: number | null;
};

/** Every generation that was not dropped, newest first. */
export async function listGenerations({
  kafka,
  clickhouse,
  log,
}: Workplace): Promise<readonly GenerationInfo[]> {
  const [known, switches, topics, rows] = await Promise.all([
    log.generations(),
    readSwitches(clickhouse),
    kafka.admin.listTopics(),
    rowsByGeneration(clickhouse),
  ]);
  const switchedAt = new Map(switches.map(({ generation, switchedAtMs }) => [generation, switchedAtMs]));
  const live = switches[0]?.generation;
  const numbers = [...new Set([...known.keys(), ...switchedAt.keys(), ...generationsOfTopics(topics)])]
    .filter((generation) => (known.get(generation)?.dropped_at ?? 0) === 0)
    .sort((left, right) => right - left);
  return Promise.all(
    numbers.map(async (generation): Promise<GenerationInfo> => {
      const entry = known.get(generation);
      const progress = await progressOfStages(kafka, generation);
      return {
        generation,
        state: generation === live ? 'live' : switchedAt.has(generation) ? 'old' : 'building',
        rows: rows.get(generation) ?? {},
        topics: topics.filter((topic) => topic.endsWith(`.g${generation}`)).length,
        logRevision: revisionOf(known, generation),
        partitions: new Set(progress.map(({ partition }) => partition)).size || (entry?.log_partitions ?? 0),
        lag: progress.reduce((sum, { lag }) => sum + lag, 0),
        createdAtMs: entry?.created_at || null,
        verifiedAtMs: entry?.verified_at || null,
        switchedAtMs: switchedAt.get(generation) ?? null,
        copiedBeforeMs: entry?.copied_before || null,
        copiedFrom: entry?.copied_from || null,
      };
    }),
  );
}

/** Tables in which a newer row takes the place of an older one, sooner or later. */
const REPLACING: ReadonlySet<string> = new Set(['sessions', 'user_migrations']);

async function rowsByGeneration(clickhouse: ClickHouseClient): Promise<Map<number, Record<string, number>>> {
  const counts = new Map<number, Record<string, number>>();
  if ((await readSwitches(clickhouse)).length === 0) return counts;
  for (const table of COMPARED_TABLES) {
    const final = REPLACING.has(table) ? ' FINAL' : '';
    const sql = `SELECT generation, count() AS rows FROM cairn.${table}${final} GROUP BY generation`;
    for (const { generation, rows } of await ask<{ generation: number; rows: number }>(clickhouse, {
      sql,
      params: {},
    }))
      counts.getOrInsertComputed(generation, () => ({}))[table] = rows;
  }
  return counts;
}
