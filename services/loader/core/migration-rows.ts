import { checkSize } from '#lib/streams/dead-letter.ts';
import { RETRY_TAKEN } from '#lib/streams/retry.ts';
import { migrationCodec } from '#schemas/codec.ts';
import { LAST_TIME_MS } from '#schemas/collected-checks.ts';
import { DecodeError } from '#schemas/framing.ts';
import { MAX_ENVIRONMENT } from '#schemas/ids.ts';
import type { Migration } from '#schemas/types.ts';
import type { LoadRecord, Refusal } from './chunk-rows.ts';
import type { MigrationRow } from './migration-sql.ts';

export type DecodedMigrations = {
  readonly rows: readonly MigrationRow[];
  readonly refusals: readonly Refusal[];
  readonly outcomes: Map<string, number>;
  readonly streamTimeMs: number;
};

/** Bindings of a chunk of identity.migrations. */
export function decodeMigrations(partition: number, records: readonly LoadRecord[]): DecodedMigrations {
  const rows: MigrationRow[] = [];
  const refusals: Refusal[] = [];
  const outcomes = new Map<string, number>();
  const count = (outcome: string) => outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  let streamTimeMs = 0;
  for (const record of records) {
    if (record.retry !== undefined) count(RETRY_TAKEN);
    streamTimeMs = Math.max(streamTimeMs, record.timestampMs);
    if (record.value === null) {
      count('migration.tombstone');
      continue;
    }
    try {
      checkSize(record.key, record.value);
      const migration = migrationCodec.decode(record.value);
      checkRanges(migration);
      const { partition: origin_partition, offset: origin_offset, ...binding } = migration;
      rows.push({
        ...binding,
        origin_partition,
        origin_offset,
        counts: 1,
        reason: '',
        partition,
        offset: Number(record.offset),
      });
      count('migration.loaded');
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      refusals.push({ record, code: error.code, message: error.message, kind: '' });
      count('unknown.rejected');
    }
  }
  return { rows, refusals, outcomes, streamTimeMs };
}

const LARGEST_PARTITION = 65_535;

function checkRanges({ environment, partition, bound_at, time }: Migration): void {
  const ranges = [
    ['environment', environment, 1, MAX_ENVIRONMENT],
    ['partition', partition, 0, LARGEST_PARTITION],
    ['bound_at', bound_at, 0, LAST_TIME_MS],
    ['time', time, 0, LAST_TIME_MS],
  ] as const;
  for (const [name, value, least, most] of ranges) {
    if (value < least || value > most)
      throw new DecodeError(
        'out_of_range',
        `Cannot load a binding: ${name} is ${value}, want ${least} to ${most}`,
      );
  }
}
