import type { EChartsOption } from 'echarts';

/** An answer's table: titles, and rows in the same order. */
export type Table = {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number | null)[])[];
};

const COLOURS = ['#0b6e99', '#d9730d', '#448361', '#9065b0', '#c14c8a', '#787774'];
const FONT = 'Helvetica, Arial, sans-serif';

/** A chart of the table of a question of some kind. */
export function chartOf(ask: string, title: string, table: Table): EChartsOption {
  return {
    animation: false,
    backgroundColor: '#ffffff',
    color: COLOURS,
    textStyle: { fontFamily: FONT },
    title: { text: title, left: 16, top: 12, textStyle: { fontSize: 16, fontWeight: 600, color: '#202020' } },
    grid: { left: 24, right: 32, top: 72, bottom: 24, containLabel: true },
    ...bodyOf(ask, table),
  };
}

function bodyOf(ask: string, table: Table): EChartsOption {
  switch (ask) {
    case 'funnel':
      return bars(table, 1, 2, (row) => `${row[2]}  (${Math.round(Number(row[3] ?? 0) * 100)} %)`);
    case 'retention':
      return triangle(table);
    case 'trend':
      return typeof table.rows[0]?.[1] === 'string' ? stack(table) : lines(table);
    case 'paths':
      return bars(joined(table), 1, 0, (row) => `${row[0]}`);
    case 'sessions':
      return bars(table, 0, 1, (row) => `${row[1]}  (median ${Math.round(Number(row[3]) / 60_000)} min)`);
    case 'accounts':
      return bars(table, 0, 1, (row) => `${row[1]}  (${row[9]}, ${row[10]})`);
    default:
      return number(table);
  }
}

type Row = Table['rows'][number];

/** One bar for each row, the first on top. */
function bars({ rows }: Table, name: number, value: number, label: (row: Row) => string): EChartsOption {
  const shown = rows.toReversed();
  return {
    xAxis: { type: 'value', boundaryGap: [0, '30%'], splitLine: { lineStyle: { color: '#e8e8e8' } } },
    yAxis: {
      type: 'category',
      data: shown.map((row) => String(row[name])),
      axisLabel: { width: 320, overflow: 'truncate' },
    },
    series: [
      {
        type: 'bar',
        data: shown.map((row) => Number(row[value])),
        barMaxWidth: 36,
        label: {
          show: true,
          position: 'right',
          color: '#202020',
          formatter: ({ dataIndex }) => label(shown[dataIndex] as Row),
        },
      },
    ],
  };
}

/** A path's steps as one name. */
function joined({ columns, rows }: Table): Table {
  return {
    columns,
    rows: rows.map((row) => [
      row[0] ?? 0,
      row
        .slice(2)
        .filter((step) => step !== null)
        .join(' › '),
    ]),
  };
}

/** Share of each cohort that came back, by period. */
function triangle({ columns, rows }: Table): EChartsOption {
  const periods = columns.slice(2);
  const cells = rows.flatMap((row, y) =>
    row
      .slice(2)
      .flatMap((count, x) =>
        count === null ? [] : [[x, y, Math.round((100 * Number(count)) / Math.max(1, Number(row[1])))]],
      ),
  );
  return {
    xAxis: {
      type: 'category',
      data: [...periods],
      position: 'top',
      axisLine: { show: false },
      axisTick: { show: false },
    },
    yAxis: {
      type: 'category',
      inverse: true,
      data: rows.map((row) => `${row[0]}  (${row[1]})`),
      axisLine: { show: false },
      axisTick: { show: false },
    },
    visualMap: { show: false, min: 0, max: 100, inRange: { color: ['#f3f8fa', '#0b6e99'] } },
    series: [
      {
        type: 'heatmap',
        data: cells,
        label: { show: true, formatter: ({ value }) => `${(value as number[])[2]} %` },
      },
    ],
  };
}

/** The first series as bars; the last column, as a rule a formula, as a line against an axis of its own. */
function lines({ columns, rows }: Table): EChartsOption {
  const last = columns.length - 1;
  const figures = (column: number) => rows.map((row) => row[column] ?? null);
  return {
    grid: { left: 24, right: 32, top: 96, bottom: 24, containLabel: true },
    legend: { top: 44, left: 16 },
    xAxis: { type: 'category', data: rows.map((row) => String(row[0])) },
    yAxis: [{ type: 'value' }, { type: 'value', min: 0, splitLine: { show: false } }],
    series: [
      { name: columns[1] ?? '', type: 'bar', barMaxWidth: 48, data: figures(1) },
      { name: columns[last] ?? '', type: 'line', yAxisIndex: 1, data: figures(last) },
    ],
  };
}

/** Values of a property on top of each other, by period. */
function stack({ rows }: Table): EChartsOption {
  const groups = [...new Set(rows.map((row) => String(row[0])))];
  const periods = [...new Set(rows.map((row) => String(row[1])))].sort();
  const figures = new Map(rows.map((row) => [`${row[0]} ${row[1]}`, Number(row[2] ?? 0)]));
  return {
    grid: { left: 24, right: 32, top: 96, bottom: 24, containLabel: true },
    legend: { top: 44, left: 16 },
    xAxis: { type: 'category', data: periods },
    yAxis: { type: 'value' },
    series: groups.map((name) => ({
      name,
      type: 'bar',
      stack: 'all',
      data: periods.map((period) => figures.get(`${name} ${period}`) ?? 0),
    })),
  };
}

/** A single figure. */
function number({ rows, columns }: Table): EChartsOption {
  return {
    graphic: [
      {
        type: 'text',
        left: 'center',
        top: 'middle',
        style: {
          text: `${rows[0]?.[0]}`,
          fontSize: 96,
          fontFamily: FONT,
          fontWeight: 600,
          fill: COLOURS[0] as string,
        },
      },
      {
        type: 'text',
        left: 'center',
        bottom: 60,
        style: { text: columns[0] ?? '', fontSize: 18, fontFamily: FONT, fill: '#555555' },
      },
    ],
  };
}
