import { resolve } from 'node:path';
import { hidePassword } from '#lib/config/hide-password.ts';
import { brokers, port, text, url } from '#lib/config/parsers.ts';
import { SHARED_SETTINGS } from '#lib/config/shared-settings.ts';
import { type ConfigOf, readConfig, type Setting } from '#lib/config/spec.ts';
import { ConfigError } from '#lib/errors.ts';
import type { Variables } from './command.ts';
import { UsageError } from './usage-error.ts';

/** Settings of the whole stack, read by the commands. */
export const STACK_SETTINGS = {
  CAIRN_DATA_DIR: {
    doc: 'Directory of the embedded servers, their logs and run.json.',
    parse: (value) => resolve(value),
    default: resolve('.cairn'),
  } satisfies Setting<string>,
  CAIRN_HTTP_PORT: {
    doc: 'Port of the collector; 0 picks a free one.',
    parse: port,
    default: 8080,
  } satisfies Setting<number>,
  CAIRN_KAFKA_PORT: {
    doc: 'Port of the embedded Kafka; 0 picks a free one.',
    parse: port,
    default: 9092,
  } satisfies Setting<number>,
  CAIRN_CLICKHOUSE_PORT: {
    doc: 'HTTP port of the embedded ClickHouse; 0 picks a free one.',
    parse: port,
    default: 8123,
  } satisfies Setting<number>,
  CAIRN_KAFKA_BROKERS: {
    doc: 'Brokers that already run; no Kafka is embedded then.',
    parse: brokers,
    default: [] as readonly string[],
  } satisfies Setting<readonly string[]>,
  CAIRN_CLICKHOUSE_URL: {
    doc: 'ClickHouse that already runs; none is embedded then.',
    parse: url,
    hide: hidePassword,
    default: '',
  } satisfies Setting<string>,
  CAIRN_PARTITIONS: SHARED_SETTINGS.CAIRN_PARTITIONS,
  CAIRN_REPLICATION_FACTOR: SHARED_SETTINGS.CAIRN_REPLICATION_FACTOR,
  CAIRN_GENERATION: {
    doc: 'Generation to run and to ask about; without it the live one.',
    parse: SHARED_SETTINGS.CAIRN_GENERATION.parse,
    default: 0,
  } satisfies Setting<number>,
  CAIRN_ENVIRONMENTS: { ...SHARED_SETTINGS.CAIRN_ENVIRONMENTS, parse: text } satisfies Setting<string>,
} as const;

export type StackSettings = ConfigOf<typeof STACK_SETTINGS>;

/** Throws UsageError with every setting that is wrong. */
export function readStackSettings(env: Variables): StackSettings {
  try {
    return readConfig(STACK_SETTINGS, env);
  } catch (error) {
    throw error instanceof ConfigError ? new UsageError(error.message) : error;
  }
}
