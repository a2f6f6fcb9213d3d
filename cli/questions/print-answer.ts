import { answerTable } from '#queries/answer/answer-table.ts';
import { csvText } from '#queries/answer/csv-text.ts';
import type { Answer } from '#queries/answer.ts';
import { renderAccounts } from './render-accounts.ts';
import { renderCohort } from './render-cohort.ts';
import { renderFunnel } from './render-funnel.ts';
import { renderPaths } from './render-paths.ts';
import { renderRetention } from './render-retention.ts';
import { renderSessions } from './render-sessions.ts';
import { renderTrend } from './render-trend.ts';

/** An answer as the command line shows it: one line of JSON, CSV, or tables under the title that the question's file gives it. */
export function printAnswer(
  answer: Answer,
  { title, description }: { readonly title?: string | undefined; readonly description?: string | undefined },
  { json, csv }: { readonly json: boolean; readonly csv: boolean },
): string {
  if (json) return `${JSON.stringify({ ...(title === undefined ? {} : { title }), ...answer })}\n`;
  if (csv) return csvText(answerTable(answer));
  const heading = [title, description].filter((text) => text !== undefined && text !== '').join('\n');
  return `${heading === '' ? '' : `${heading}\n\n`}${render(answer)}`;
}

function render(answer: Answer): string {
  switch (answer.ask) {
    case 'funnel':
      return renderFunnel(answer);
    case 'retention':
      return renderRetention(answer);
    case 'paths':
      return renderPaths(answer);
    case 'cohort':
      return renderCohort(answer);
    case 'trend':
      return renderTrend(answer);
    case 'sessions':
      return renderSessions(answer);
    case 'accounts':
      return renderAccounts(answer);
  }
}
