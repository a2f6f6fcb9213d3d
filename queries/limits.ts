/** What one question may take of the server. */
export type QueryLimits = {
  readonly maxSeconds: number;
  /** Memory of the query; a third of it is held before it goes to disk. */
  readonly maxMemoryBytes: number;
  /** Rows read from storage, joins included. */
  readonly maxRows: number;
  /** Rows of the answer. */
  readonly maxResultRows: number;
};

export const DEFAULT_LIMITS: QueryLimits = {
  maxSeconds: 60,
  maxMemoryBytes: 4 * 1024 ** 3,
  maxRows: 10_000_000_000,
  maxResultRows: 1_000_000,
};

/** Characters of a query's text: a funnel of 32 steps has 40 000. Parameters do not count. */
const MAX_QUERY_CHARACTERS = 1024 ** 2;

/**
 * ClickHouse's settings for a question that people ask. It may read and nothing else (`readonly` 2: ours is the last word on settings,
 * as no text from outside is part of the query), goes to disk where it is large, and fails where it takes too much. It ends when its
 * client goes away.
 */
export function limitSettings(limits: QueryLimits): Readonly<Record<string, string | number>> {
  const spillBytes = Math.floor(limits.maxMemoryBytes / 3);
  return {
    readonly: '2',
    cancel_http_readonly_queries_on_client_close: 1,
    max_execution_time: limits.maxSeconds,
    timeout_overflow_mode: 'throw',
    max_memory_usage: String(limits.maxMemoryBytes),
    max_bytes_before_external_group_by: String(spillBytes),
    max_bytes_before_external_sort: String(spillBytes),
    max_rows_to_read: String(limits.maxRows),
    read_overflow_mode: 'throw',
    max_result_rows: String(limits.maxResultRows),
    result_overflow_mode: 'throw',
    max_query_size: String(MAX_QUERY_CHARACTERS),
    // What a join finds nothing for is NULL where the column says so, and views are told apart from it.
    join_use_nulls: 0,
    // A question reads much once: it would push out what others read often.
    use_uncompressed_cache: 0,
    output_format_json_quote_64bit_integers: 0,
    log_comment: 'cairn question',
  };
}

/** What ClickHouse says of a query that failed. */
export type QueryFailure = {
  /** Such as TIMEOUT_EXCEEDED. */
  readonly type: string | undefined;
  readonly message: string;
};

const HOW_TO_ASK_LESS = 'ask about a shorter range (from, to) or fewer users (among)';

/**
 * Why a question was not answered, in words, and what to do; undefined where ClickHouse's own words are all there is.
 * `CAIRN_QUERY_...` and `--max-seconds` are how limits are set.
 */
export function failureText({ type, message }: QueryFailure, limits: QueryLimits): string | undefined {
  switch (type) {
    case 'TIMEOUT_EXCEEDED':
    case 'TOO_SLOW':
      return `The question took longer than ${limits.maxSeconds} s: ${HOW_TO_ASK_LESS}, or raise CAIRN_QUERY_MAX_SECONDS or --max-seconds`;
    case 'MEMORY_LIMIT_EXCEEDED':
      return memoryText(message, limits);
    case 'TOO_MANY_ROWS':
    case 'TOO_MANY_BYTES':
      return `The question reads more than ${limits.maxRows} rows: ${HOW_TO_ASK_LESS}, or raise CAIRN_QUERY_MAX_ROWS`;
    case 'TOO_MANY_ROWS_OR_BYTES':
      return `The answer has more than ${limits.maxResultRows} rows: ask for longer periods (every) or fewer values (top), or raise CAIRN_QUERY_MAX_RESULT_ROWS`;
    case 'CANNOT_COMPILE_REGEXP':
      return regexpText(message);
    case 'UNKNOWN_IDENTIFIER':
      return identifierText(message);
    case 'UNKNOWN_DATABASE':
      return `There is nothing of this environment in ClickHouse yet: its database comes when the loader starts (${firstSentence(message)})`;
    case 'QUERY_WAS_CANCELLED':
      return 'The question was stopped';
    case 'READONLY':
      return /modify/.test(message)
        ? `ClickHouse lets this user set no limits (${firstSentence(message)}): give it readonly = 2 instead of 1`
        : undefined;
    case 'TOO_MANY_SIMULTANEOUS_QUERIES':
      return 'ClickHouse is busy with too many other queries: ask again in a moment';
    default:
      return undefined;
  }
}

/** Memory may be the query's own, or the server's, which other queries use too. */
function memoryText(message: string, limits: QueryLimits): string {
  return /^Query memory|\(for query\)/.test(message)
    ? `The question needs more than ${megabytes(limits.maxMemoryBytes)} of memory: ${HOW_TO_ASK_LESS}, or raise CAIRN_QUERY_MAX_MEMORY_BYTES`
    : `ClickHouse has no more memory for the question: ${HOW_TO_ASK_LESS}, or ask again when less is going on (${firstSentence(message)})`;
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1024 ** 2)} MiB`;
}

function regexpText(message: string): string {
  const [, expression, reason] = /cannot compile re2: (.*), error: (.*?)\. Look at/s.exec(message) ?? [];
  if (expression === undefined || reason === undefined) return firstSentence(message);
  const hint = /\(\?<?[=!]/.test(expression) ? '; RE2 can look neither ahead nor behind' : '';
  return `Cannot read the expression ${JSON.stringify(expression)}: ${reason}${hint} (https://github.com/google/re2/wiki/Syntax)`;
}

function identifierText(message: string): string {
  const [, name] = /identifier [`'](.+?)[`'](?: in scope|\.| |$)/s.exec(message) ?? [];
  return name === undefined
    ? firstSentence(message)
    : `There is no property or column ${JSON.stringify(name)}`;
}

function firstSentence(message: string): string {
  return (
    message
      .split(/\. |: In scope/, 1)[0]
      ?.trim()
      .replace(/\.$/, '') ?? ''
  );
}
