import { integer } from '#lib/config/parsers.ts';
import type { ConfigOf, Setting } from '#lib/config/spec.ts';
import { DEFAULT_LIMITS, type QueryLimits } from './limits.ts';

/** Settings of what a question may take, for all that ask questions for people. */
export const QUERY_SETTINGS = {
  CAIRN_QUERY_MAX_SECONDS: {
    doc: 'Longest time that a question may take, in seconds.',
    parse: integer(1, 86_400),
    default: DEFAULT_LIMITS.maxSeconds,
  } satisfies Setting<number>,
  CAIRN_QUERY_MAX_MEMORY_BYTES: {
    doc: 'Memory that a question may take of ClickHouse; a third of it is held before it goes to disk.',
    parse: integer(10_000_000, 2 ** 50),
    default: DEFAULT_LIMITS.maxMemoryBytes,
  } satisfies Setting<number>,
  CAIRN_QUERY_MAX_ROWS: {
    doc: 'Rows that a question may read.',
    parse: integer(1, 10 ** 15),
    default: DEFAULT_LIMITS.maxRows,
  } satisfies Setting<number>,
  CAIRN_QUERY_MAX_RESULT_ROWS: {
    doc: 'Rows that an answer may have.',
    parse: integer(1, 10 ** 9),
    default: DEFAULT_LIMITS.maxResultRows,
  } satisfies Setting<number>,
} as const;

export function limitsOf(settings: ConfigOf<typeof QUERY_SETTINGS>): QueryLimits {
  return {
    maxSeconds: settings.CAIRN_QUERY_MAX_SECONDS,
    maxMemoryBytes: settings.CAIRN_QUERY_MAX_MEMORY_BYTES,
    maxRows: settings.CAIRN_QUERY_MAX_ROWS,
    maxResultRows: settings.CAIRN_QUERY_MAX_RESULT_ROWS,
  };
}
