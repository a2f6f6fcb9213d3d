import { duration } from '#lib/config/duration.ts';
import { integer } from '#lib/config/parsers.ts';
import { SHARED_SETTINGS } from '#lib/config/shared-settings.ts';
import type { ConfigOf } from '#lib/config/spec.ts';

/** Settings of the loader. */
export const LOADER_SPEC = {
  CAIRN_KAFKA_BROKERS: SHARED_SETTINGS.CAIRN_KAFKA_BROKERS,
  CAIRN_CLICKHOUSE_URL: SHARED_SETTINGS.CAIRN_CLICKHOUSE_URL,
  CAIRN_PARTITIONS: SHARED_SETTINGS.CAIRN_PARTITIONS,
  CAIRN_REPLICATION_FACTOR: SHARED_SETTINGS.CAIRN_REPLICATION_FACTOR,
  CAIRN_GENERATION: SHARED_SETTINGS.CAIRN_GENERATION,
  CAIRN_ENVIRONMENTS: SHARED_SETTINGS.CAIRN_ENVIRONMENTS,
  CAIRN_HEALTH_PORT: SHARED_SETTINGS.CAIRN_HEALTH_PORT,
  CAIRN_LOG_LEVEL: SHARED_SETTINGS.CAIRN_LOG_LEVEL,
  CAIRN_LOADER_BATCH_ROWS: {
    doc: 'Most records of one insert.',
    parse: integer(1, 1_000_000),
    default: 50_000,
  },
  CAIRN_LOADER_BATCH_BYTES: {
    doc: 'Most bytes of records of one insert, and most that are fetched of a partition at once.',
    parse: integer(1024, 256 * 1024 * 1024),
    default: 8 * 1024 * 1024,
  },
  CAIRN_LOADER_FLUSH_MS: {
    doc: 'Longest time records wait for more to come before they are inserted.',
    parse: integer(1, 60_000),
    default: 500,
  },
  CAIRN_SQUASH_INTERVAL: {
    doc: 'Time between two rounds that bring stored user ids up to what readers see, such as 6h.',
    parse: duration('1s', '30d'),
    default: '6h',
  },
  CAIRN_CROWDED_IDENTITY: {
    doc: 'An identity with more devices than this is logged once, and counted: as a rule it stands for everybody.',
    parse: integer(1, 1_000_000_000),
    default: 1000,
  },
} as const;

export type LoaderConfig = ConfigOf<typeof LOADER_SPEC>;
