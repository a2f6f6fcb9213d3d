import { type ClickHouseClient, ClickHouseLogLevel, createClient } from '@clickhouse/client';

export type { ClickHouseClient } from '@clickhouse/client';

/** A ClickHouse client over HTTP. Server errors arrive as ClickHouseError; it logs nothing by itself. */
export function createClickHouse(
  url: string,
  options: { application?: string; requestTimeoutMs?: number } = {},
): ClickHouseClient {
  return createClient({
    url,
    application: options.application ?? 'cairn',
    request_timeout: options.requestTimeoutMs ?? 300_000,
    log: { level: ClickHouseLogLevel.OFF },
    // 64-bit integers as numbers: ids have 53 bits, and counts stay below that.
    clickhouse_settings: { output_format_json_quote_64bit_integers: 0 },
  });
}
