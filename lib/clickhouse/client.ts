import { ConfigError, UnavailableError } from '#lib/errors.ts';

/** ClickHouse answered with an exception of its own. */
export class ClickHouseError extends Error {
  override readonly name = 'ClickHouseError';
  /** Number of the error in ClickHouse's own list (system.errors). */
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

export type QuerySettings = Readonly<Record<string, string | number>>;

export type ClickHouse = {
  /** Runs a statement that answers nothing. */
  command(sql: string, settings?: QuerySettings): Promise<void>;
  /** Rows of a query, numbers above 2^53 as text. */
  query<Row>(sql: string, settings?: QuerySettings): Promise<Row[]>;
  /** Sends a body to an INSERT statement that ends in its FORMAT. */
  insert(sql: string, body: Buffer, settings?: QuerySettings): Promise<void>;
};

/**
 * ClickHouse over HTTP, one attempt a call. Throws UnavailableError where the server cannot answer now (repeat
 * the call; an insert with its deduplication token and the same bytes), ConfigError where it does not let us in and
 * ClickHouseError where it refuses.
 */
export function createClickHouse(options: { url: string; timeoutMs?: number }): ClickHouse {
  const address = new URL(options.url);
  const headers: Record<string, string> = {};
  if (address.username !== '') headers['X-ClickHouse-User'] = decodeURIComponent(address.username);
  if (address.password !== '') headers['X-ClickHouse-Key'] = decodeURIComponent(address.password);
  address.username = '';
  address.password = '';
  const timeoutMs = options.timeoutMs ?? 120_000;

  async function send(
    body: string | Buffer,
    parameters: Readonly<Record<string, string | number>>,
  ): Promise<string> {
    const target = new URL(address);
    for (const [name, value] of Object.entries(parameters)) target.searchParams.set(name, String(value));
    let response: Response;
    let text: string;
    try {
      response = await fetch(target, {
        method: 'POST',
        body:
          typeof body === 'string'
            ? body
            : new Uint8Array(body.buffer as ArrayBuffer, body.byteOffset, body.length),
        headers,
        signal: AbortSignal.timeout(timeoutMs),
      });
      text = await response.text();
    } catch (cause) {
      throw new UnavailableError(`Cannot reach ClickHouse at ${address.origin}: ${reasonOf(cause)}`, {
        cause,
      });
    }
    if (response.ok && !response.headers.has('x-clickhouse-exception-code')) return text;
    throw refusal(response.status, Number(response.headers.get('x-clickhouse-exception-code') ?? 0), text);
  }

  return {
    async command(sql, settings = {}) {
      await send(sql, { ...settings, wait_end_of_query: 1 });
    },
    async query<Row>(sql: string, settings: QuerySettings = {}) {
      const text = await send(sql, { default_format: 'JSONEachRow', wait_end_of_query: 1, ...settings });
      return text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Row);
    },
    async insert(sql, body, settings = {}) {
      await send(body, { ...settings, query: sql, wait_end_of_query: 1 });
    },
  };
}

function reasonOf(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error ? cause.message || String((cause as NodeJS.ErrnoException).code) : message;
}

/**
 * Errors after which the same statement can succeed: the server is starting, busy, short of memory or space,
 * merging behind, or lost a peer. Numbers from ClickHouse's src/Common/ErrorCodes.cpp.
 */
const PASSING = new Set([
  3, // UNEXPECTED_END_OF_FILE: the connection broke within the body
  159, // TIMEOUT_EXCEEDED
  198, // DNS_ERROR
  202, // TOO_MANY_SIMULTANEOUS_QUERIES
  203, // NO_FREE_CONNECTION
  209, // SOCKET_TIMEOUT
  210, // NETWORK_ERROR
  225, // NO_ZOOKEEPER
  236, // ABORTED
  241, // MEMORY_LIMIT_EXCEEDED
  242, // TABLE_IS_READ_ONLY
  243, // NOT_ENOUGH_SPACE
  252, // TOO_MANY_PARTS
  285, // TOO_FEW_LIVE_REPLICAS
  319, // UNKNOWN_STATUS_OF_INSERT
  394, // QUERY_WAS_CANCELLED
  425, // SYSTEM_ERROR
  439, // CANNOT_SCHEDULE_TASK
  473, // DEADLOCK_AVOIDED
  999, // KEEPER_EXCEPTION
]);

/** Errors about the bytes of the rows: the block holds a row that ClickHouse does not take. */
const BAD_ROWS = new Set([
  6, // CANNOT_PARSE_TEXT
  26, // CANNOT_PARSE_QUOTED_STRING
  27, // CANNOT_PARSE_INPUT_ASSERTION_FAILED
  32, // ATTEMPT_TO_READ_AFTER_EOF
  33, // CANNOT_READ_ALL_DATA
  53, // TYPE_MISMATCH
  69, // ARGUMENT_OUT_OF_BOUND
  70, // CANNOT_CONVERT_TYPE
  72, // CANNOT_PARSE_NUMBER
  117, // INCORRECT_DATA
  128, // TOO_LARGE_ARRAY_SIZE
  131, // TOO_LARGE_STRING_SIZE
  321, // VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE
]);

/** Errors that only a person can mend: who we are, and what we may do. */
const LOG_IN = new Set([
  192, // UNKNOWN_USER
  193, // WRONG_PASSWORD
  194, // REQUIRED_PASSWORD
  497, // ACCESS_DENIED
  516, // AUTHENTICATION_FAILED
]);

/** Whether a refused insert is the fault of a row in it. */
export function isBadRows(error: unknown): error is ClickHouseError {
  return error instanceof ClickHouseError && BAD_ROWS.has(error.code);
}

function refusal(status: number, code: number, text: string): Error {
  const message = text.trim().split('\n')[0] ?? '';
  if (LOG_IN.has(code)) {
    return new ConfigError([
      `Cannot log in to ClickHouse: ${message}. Set user and password in CAIRN_CLICKHOUSE_URL`,
    ]);
  }
  if (PASSING.has(code) || (code === 0 && status >= 500)) {
    return new UnavailableError(`ClickHouse cannot answer now (HTTP ${status}, error ${code}): ${message}`);
  }
  return new ClickHouseError(code, `ClickHouse refused (HTTP ${status}, error ${code}): ${message}`);
}
