import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import type { DataFormat } from '@clickhouse/client';
import { clickHouseFailure, openClickHouse } from '../clickhouse-access.ts';
import { defineCommand } from '../command.ts';
import { locateStack } from '../locate-stack.ts';
import { UsageError } from '../usage-error.ts';

export const sql = defineCommand({
  usage: '"SELECT ..." [--format FORMAT] [--json]',
  about: `Sends one statement to ClickHouse and prints the answer as it comes, in any format ClickHouse knows:
a table on a terminal, tab-separated with a header line otherwise. - reads the statement from stdin.`,
  options: {
    format: { type: 'string', value: 'FORMAT', doc: 'such as JSONEachRow, CSV, Vertical, Parquet' },
    json: { type: 'boolean', doc: 'one JSON document: short for --format JSON' },
  },
  maxArguments: 1,
  examples: [
    ['sql "select count(), uniqExact(user_id) from main_production.all_events"', 'events and users'],
    ['sql "select * from main_production.users limit 3" --format Vertical', 'a row a page'],
    ['sql - < question.sql', 'a longer question from a file'],
  ],
  async run({ format, json }, [statement], context) {
    if (statement === undefined)
      throw new UsageError('A statement is missing: give one, or - to read it from stdin');
    if (json && format !== undefined) throw new UsageError('Give --json or --format, not both');
    const query = statement === '-' ? await text(context.stdin) : statement;
    if (query.trim() === '') throw new UsageError('The statement is empty');
    const wanted = json ? 'JSON' : (format ?? (context.stdout.isTTY ? 'PrettyCompact' : 'TSVWithNames'));
    const clickhouse = openClickHouse((await locateStack(context, ['clickhouse'])).clickhouseUrl);
    try {
      const { stream } = await clickhouse.exec({
        query,
        clickhouse_settings: {
          // The client's type lists fewer formats than the server knows.
          default_format: wanted as DataFormat,
          // Errors after the first row would otherwise end an answer that began with 200.
          wait_end_of_query: 1,
        },
      });
      await pipeline(stream, context.stdout, { end: false });
      return 0;
    } catch (error) {
      throw clickHouseFailure(error);
    } finally {
      await clickhouse.close();
    }
  },
});
