/** Draws every question of the examples: `CAIRN_CLICKHOUSE_URL=http://localhost:8123 node examples/draw.ts`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { init } from 'echarts';
import { createClickHouse } from '#lib/clickhouse/client.ts';
import { chartOf } from './chart.ts';
import { exampleQuestions, pictureOf } from './example-questions.ts';
import { tableOf } from './table-of.ts';

const SIZE = { width: 880, height: 440 };

const clickHouse = createClickHouse({ url: process.env['CAIRN_CLICKHOUSE_URL'] ?? 'http://localhost:8123' });
for (const question of exampleQuestions()) {
  const { written, sql } = question;
  const chart = init(null, null, { renderer: 'svg', ssr: true, ...SIZE });
  chart.setOption(chartOf(written.ask, written.title, await tableOf(clickHouse, sql)));
  const picture = pictureOf(question);
  mkdirSync(new URL('.', picture), { recursive: true });
  writeFileSync(picture, `${still(chart.renderToSVGString(), written.title)}\n`);
  chart.dispose();
}

/** A picture with a name for those who do not see it, and without what serves a mouse. */
function still(svg: string, title: string): string {
  const name = title.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
  return svg
    .replace(/<style\b.*?<\/style>\n?/s, '')
    .replaceAll(/ class="zr[^"]*"/g, '')
    .replace('<svg ', `<svg role="img" aria-label="${name}" `);
}
