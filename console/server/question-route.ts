import { answerTable } from '#queries/answer/answer-table.ts';
import { answerQuestion, questionQuery } from '#queries/answer.ts';
import type { DefinedEvent } from '#queries/definitions/definition.ts';
import { inlineParams } from '#queries/inline-params.ts';
import { parseQuestion } from '#queries/parse-question.ts';
import { problemText } from '#queries/written/place.ts';
import { AnswerError, type Answers, asAnswerError, signalOf } from './answers.ts';
import type { App } from './app.ts';
import { readDefinitions } from './definitions-route.ts';

/**
 * `POST /api/questions`: a written question gives its answer as the command line has it with --json, the same as one table, the
 * SQL that made it and how long it took. With `?sql` it is only written out and not asked.
 */
export function addQuestions(
  { server, visitor }: App,
  answers: Answers,
  definitions: () => readonly DefinedEvent[],
): void {
  server.post<{ Querystring: { sql?: string } }>('/api/questions', async (request, reply) => {
    const { environment } = visitor(request);
    const nowMs = Date.now();
    const parsed = parseQuestion(request.body, {
      nowMs,
      environments: [environment],
      definitions: new Map(
        readDefinitions(definitions).map(({ definition, match }) => [definition.name, match]),
      ),
    });
    if (parsed.problems !== undefined)
      throw new AnswerError(400, 'bad_question', parsed.problems.map(problemText).join('\n'));
    const { question, warnings } = parsed;
    const sql = await asAnswerError(async () => inlineParams(questionQuery(question)));
    if (request.query.sql !== undefined) return { sql };
    const startedAt = performance.now();
    const ask = answers.asking(signalOf(reply));
    const answer = await asAnswerError(() => answerQuestion(ask, question, nowMs));
    return {
      answer,
      table: answerTable(answer),
      warnings: warnings.map(problemText),
      sql,
      queryMs: performance.now() - startedAt,
    };
  });
}
