import type { Accepted, RefusedRequest } from './accept.ts';
import type { RowCode } from './verdict.ts';

export type Reply = {
  readonly status: 200 | 400;
  readonly contentType: 'application/json; charset=utf-8' | 'text/plain; charset=utf-8';
  readonly body: string;
};

/** What an environment does not want: the client did nothing wrong, so it does not make the answer a 400. */
const UNWANTED: readonly RowCode[] = ['bot', 'excluded_ip'];

/** Answer to a decided request, once its records are in Kafka. */
export function replyTo(outcome: Accepted | RefusedRequest, answersOk: boolean): Reply {
  if ('error' in outcome) return json(400, outcome);
  const { accepted, rejected, single } = outcome;
  const [first] = rejected;
  if (first === undefined) {
    return answersOk ? { status: 200, contentType: 'text/plain; charset=utf-8', body: 'OK' } : EMPTY_OBJECT;
  }
  if (single) return json(400, { error: first.code, message: first.message });
  if (accepted.length > 0 || rejected.some(({ code }) => UNWANTED.includes(code)))
    return json(200, { rejected });
  return json(400, {
    error: 'nothing_accepted',
    message: `Cannot accept the request: none of its ${rejected.length} rows is acceptable; the first: ${first.message}`,
    rejected,
  });
}

function json(status: Reply['status'], body: object): Reply {
  return { status, contentType: 'application/json; charset=utf-8', body: JSON.stringify(body) };
}

const EMPTY_OBJECT: Reply = json(200, {});
