/** Limits of a question as failures speak of them. */
export type Limits = {
  readonly maxSeconds: number;
  readonly maxMemoryBytes: number;
  readonly maxRowsToRead: number;
  readonly maxResultRows: number;
};

export type Failure = {
  /** Stable, for programs. */
  readonly code: string;
  /** A sentence for people. */
  readonly message: string;
};

const thousands = (count: number) => String(count).replace(/\B(?=(\d{3})+$)/g, ' ');

/** What to say where ClickHouse refuses a question, by the number of its error. */
export function failureOf(clickhouseCode: number, message: string, limits: Limits): Failure {
  switch (clickhouseCode) {
    case 158:
    case 307:
      return {
        code: 'read_too_much',
        message: `This question would read more than ${thousands(limits.maxRowsToRead)} rows: narrow the range of time`,
      };
    case 159:
    case 160:
    case 209:
      return {
        code: 'took_too_long',
        message: `This question took more than ${limits.maxSeconds} seconds: narrow the range of time`,
      };
    case 241:
      return {
        code: 'used_too_much_memory',
        message: `This question used more than ${thousands(Math.round(limits.maxMemoryBytes / 1e6))} MB of memory: narrow the range of time, or do not split by something with so many values`,
      };
    case 396:
      return {
        code: 'answer_too_long',
        message: `The answer has more than ${thousands(limits.maxResultRows)} rows: ask for less at once`,
      };
    case 60:
    case 81:
      return {
        code: 'nothing_loaded',
        message: 'There is nothing in ClickHouse yet: send a first event, and give the loader a few seconds',
      };
    case 202:
      return { code: 'busy', message: 'ClickHouse has too much to do right now: try again in a moment' };
    case 194:
    case 516:
      return {
        code: 'not_let_in',
        message: 'ClickHouse does not let the console in: look at CAIRN_CLICKHOUSE_URL',
      };
    default:
      return { code: 'refused', message: `ClickHouse refused the question: ${message}` };
  }
}
