import { durationMs } from '#lib/config/duration.ts';
import type { Environment } from '#lib/config/environments.ts';
import { type FunnelRow, funnelQuery } from '#queries/funnel.ts';
import type { Query } from '#queries/query.ts';
import { type RetentionRow, retentionQuery } from '#queries/retention.ts';
import { AnswerError } from './answers.ts';

export type Asked = {
  readonly ask: 'funnel' | 'retention';
  readonly query: Query;
  readonly steps: readonly string[];
};

/** The query of a written question. Throws AnswerError with what is wrong. */
export function queryOf(body: unknown, environment: Environment, nowMs: number): Asked {
  const written = (body ?? {}) as Record<string, unknown>;
  const scope = { environment: environment.number, ...range(written, nowMs) };
  try {
    if (written['ask'] === 'funnel') {
      const steps = (written['steps'] as string[]).map(String);
      const withinMs = written['within'] === undefined ? undefined : durationMs(String(written['within']));
      return { ask: 'funnel', steps, query: funnelQuery({ ...scope, steps, withinMs }) };
    }
    const name = (key: string) =>
      written[key] === undefined || written[key] === '*' ? undefined : String(written[key]);
    const every = written['every'] === 'week' ? 'week' : 'day';
    const periods = Number(written['periods'] ?? 7);
    return {
      ask: 'retention',
      steps: [],
      query: retentionQuery({ ...scope, start: name('start'), back: name('return'), every, periods }),
    };
  } catch (cause) {
    throw new AnswerError(400, { code: 'bad_question', message: (cause as Error).message }, { cause });
  }
}

function range(written: Record<string, unknown>, nowMs: number) {
  const time = (key: string) => {
    const text = written[key];
    if (typeof text !== 'string' || text === '') return undefined;
    return text.startsWith('-') ? nowMs - durationMs(text.slice(1)) : Date.parse(text);
  };
  return { fromMs: time('from'), toMs: time('to') };
}

/** The answer as the pages show it. */
export function answerOf({ ask, steps }: Asked, rows: readonly unknown[], _nowMs: number): unknown {
  if (ask === 'retention') return { cohorts: rows as readonly RetentionRow[] };
  const { counts = [] } = (rows as readonly FunnelRow[])[0] ?? {};
  return { steps: steps.map((name, index) => ({ name, count: counts[index] ?? 0 })) };
}
