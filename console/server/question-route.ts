import { inlineParams } from '#queries/inline-params.ts';
import { type Answers, signalOf } from './answers.ts';
import type { App } from './app.ts';
import { answerOf, queryOf } from './question.ts';

/**
 * `POST /api/questions`: a written question gives its answer, the SQL that made it and how long it took. With `?sql` it is only
 * written out and not asked.
 */
export function addQuestions({ server, visitor }: App, answers: Answers): void {
  server.post<{ Querystring: { sql?: string } }>('/api/questions', async (request, reply) => {
    const { environment } = visitor(request);
    const asked = queryOf(request.body, environment, Date.now());
    const sql = inlineParams(asked.query);
    if (request.query.sql !== undefined) return { sql };
    const startedAt = performance.now();
    const rows = await answers.asking(signalOf(reply))<never>(asked.query);
    return {
      answer: answerOf(asked, rows),
      warnings: asked.warnings,
      sql,
      queryMs: performance.now() - startedAt,
    };
  });
}
