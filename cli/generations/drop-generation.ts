import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { ClickHouseClient } from '@clickhouse/client';
import { currentRevision, revisionOf } from '#lib/generations/log-revision.ts';
import { DERIVED_TOPICS, topicInKafka } from '#schemas/topics.ts';
import { dropDictionariesSql } from '../../services/loader/core/resolver-sql.ts';
import { clickHouseFailure } from '../clickhouse-access.ts';
import { deleteCopy, giveUpMove, requireAnotherReader, tellOfOldLog } from '../repartition/drop-revision.ts';
import { groupOf, STAGE_INPUTS } from '../stage-inputs.ts';
import { CommandError } from '../usage-error.ts';
import type { Workplace } from './open-workplace.ts';
import { requireLive } from './open-workplace.ts';
import { unknownGeneration } from './unknown-generation.ts';

/** Time the stages of a generation have to stop: `up` looks once a second, and a killed one leaves its group after 6 s. */
const STAGES_GONE_MS = 30_000;
const LOOK_EVERY_MS = 250;

/** Tables whose partitions begin with the generation, and those that hold it in a column only. */
const PARTITIONED = [
  'events',
  'sessions',
  'user_properties',
  'account_properties',
  'user_migrations',
  'identity_changes',
  'absorbed_sessions',
  'devices',
];
const FILTERED = [
  ['identity_base', 'generation'],
  ['identify_limits', 'generation'],
  ['live', 'g'],
] as const;

/**
 * Removes a generation: from then on no stage runs for it, and its topics, consumer groups, rows and dictionaries
 * are gone. It may be repeated after an interruption. Throws CommandError where it is live, or where its stages
 * do not stop.
 */
export async function dropGeneration(
  place: Workplace,
  generation: number,
  progress: (text: string) => void,
): Promise<void> {
  const { clickhouse, kafka, log } = place;
  const [live] = await requireLive(clickhouse);
  if (live.generation === generation) {
    throw new CommandError(
      `Cannot drop generation ${generation}: it is live; switch to another first (cairn generations switch N)`,
    );
  }
  const all = await log.generations();
  const known = all.get(generation);
  requireAnotherReader(all, generation, live.generation);
  // First, so that nobody starts a stage of it again: it would be refused.
  await log.writeGeneration({
    ...(known ?? unknownGeneration(generation)),
    verified_at: 0,
    dropped_at: known?.dropped_at || Date.now(),
  });
  const isMove = revisionOf(all, generation) > currentRevision(all);
  if (isMove) await giveUpMove(place, all, generation, progress);
  // A running stack stops the stages of a generation that is in this table no more.
  await command(
    clickhouse,
    `DELETE FROM cairn.live WHERE g = ${generation} SETTINGS lightweight_deletes_sync = 2`,
  );
  const groups = [...new Set(STAGE_INPUTS.map(({ service }) => groupOf(service, generation)))];
  await waitUntilGone(place, generation, groups, progress);
  await deleteGroups(place, groups);
  const existing = new Set(await kafka.admin.listTopics());
  const topics = DERIVED_TOPICS.map((name) => topicInKafka(name, generation)).filter((topic) =>
    existing.has(topic),
  );
  if (topics.length > 0) await kafka.admin.deleteTopics({ topics });
  for (const table of PARTITIONED) await dropPartitions(clickhouse, table, generation);
  for (const [table, column] of FILTERED)
    await command(clickhouse, `DELETE FROM cairn.${table} WHERE ${column} = ${generation}`);
  for (const sql of dropDictionariesSql(generation)) await command(clickhouse, sql);
  if (isMove) await deleteCopy(place, revisionOf(all, generation));
  else tellOfOldLog(all, generation, progress);
  await removeSnapshots(join(place.stack.settings.CAIRN_DATA_DIR, 'state'), groups);
}

/** Copies of state that the stages of a running stack have left; they are of no use to anybody. */
async function removeSnapshots(directory: string, groups: readonly string[]): Promise<void> {
  const files = await readdir(directory).catch(() => []);
  const own = files.filter((file) => groups.some((group) => file.startsWith(`${group}.`)));
  await Promise.all(own.map((file) => rm(join(directory, file), { force: true, recursive: true })));
}

async function waitUntilGone(
  { kafka }: Workplace,
  generation: number,
  groups: readonly string[],
  progress: (text: string) => void,
): Promise<void> {
  const giveUpAtMs = performance.now() + STAGES_GONE_MS;
  for (let said = ''; ; ) {
    const answer = await kafka.admin.describeGroups([...groups]);
    const busy = answer.groups.filter(({ members }) => members.length > 0).map(({ groupId }) => groupId);
    if (busy.length === 0) return;
    const text = `Waiting for the stages of generation ${generation} to stop: ${busy.join(', ')}`;
    if (performance.now() > giveUpAtMs) {
      throw new CommandError(
        `Cannot drop generation ${generation} yet: ${busy.join(', ')} still run somewhere; stop them and drop it again. ` +
          'No stage of it will start any more',
      );
    }
    if (text !== said) progress(text);
    said = text;
    await pause(LOOK_EVERY_MS);
  }
}

async function deleteGroups({ kafka }: Workplace, groups: readonly string[]): Promise<void> {
  const listed = await kafka.admin.listGroups();
  const existing = groups.filter((group) => listed.groups.some(({ groupId }) => groupId === group));
  if (existing.length > 0) await kafka.admin.deleteGroups(existing);
}

async function dropPartitions(
  clickhouse: ClickHouseClient,
  table: string,
  generation: number,
): Promise<void> {
  const answer = await clickhouse.query({
    query: `SELECT DISTINCT partition_id AS id FROM system.parts WHERE database = 'cairn' AND table = '${table}' AND active
AND (partition = '${generation}' OR startsWith(partition, '(${generation},'))`,
    format: 'JSONEachRow',
  });
  for (const { id } of await answer.json<{ id: string }>())
    await command(clickhouse, `ALTER TABLE cairn.${table} DROP PARTITION ID '${id}'`);
}

async function command(clickhouse: ClickHouseClient, query: string): Promise<void> {
  try {
    await clickhouse.command({ query });
  } catch (error) {
    throw clickHouseFailure(error);
  }
}
