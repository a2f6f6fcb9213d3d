import { setTimeout as delay } from 'node:timers/promises';
import { type ClickHouse, ClickHouseError } from '#lib/clickhouse/client.ts';

/** Statements of the resolver list ids, and may be long. */
export const QUERY_SETTINGS = {
  max_query_size: 64 * 1024 * 1024,
  max_ast_elements: 10_000_000,
  max_expanded_ast_elements: 10_000_000,
  output_format_json_quote_64bit_integers: 0,
};

const ATTEMPTS = 20;
const WAIT_MS = 50;
/** BAD_ARGUMENTS: what ClickHouse says of many things, so the text decides. */
const BAD_ARGUMENTS = 36;

/**
 * Runs a statement of the identity resolver. Where it meets a dictionary just as another loader replaces it, the
 * name was found and what it stood for is gone a moment later: that is tried again, for a second.
 */
export async function runResolverSql(clickHouse: ClickHouse, sql: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await clickHouse.command(sql);
      return;
    } catch (error) {
      if (attempt === ATTEMPTS || !isBeingReplaced(error)) throw error;
      await delay(WAIT_MS);
    }
  }
}

function isBeingReplaced(error: unknown): boolean {
  return (
    error instanceof ClickHouseError &&
    error.code === BAD_ARGUMENTS &&
    /dictionary .* not found/i.test(error.message)
  );
}
