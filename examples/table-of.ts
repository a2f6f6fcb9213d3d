import type { ClickHouse } from '#lib/clickhouse/client.ts';
import type { Table } from './chart.ts';

/** The answer of a statement as a table. Numbers are numbers, times are text. */
export async function tableOf(clickHouse: ClickHouse, sql: string): Promise<Table> {
  const rows = await clickHouse.query<Record<string, string | number | null>>(sql, {
    output_format_json_quote_64bit_integers: 0,
  });
  const columns = Object.keys(rows[0] ?? {});
  return { columns, rows: rows.map((row) => columns.map((column) => row[column] ?? null)) };
}
