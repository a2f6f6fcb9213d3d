import type { DemoRequest } from './dispatch.ts';
import type { Properties } from './story.ts';

/** Whom a request names: a device's anonymous id or an identity. */
export type Named = `device:${string}` | `identity:${string}`;

/** One accepted event. */
export type LedgerEvent = {
  readonly who: Named;
  readonly at: number;
  readonly name: string;
  /** web, ios, android or server. */
  readonly source: string;
  /** The client's own session id; undefined where it sent none. */
  readonly sessionId: string | undefined;
  readonly bot: boolean;
  readonly properties: Properties;
};

/** One identify, in the order of arrival. */
export type Identify = { readonly device: Named; readonly identity: string; readonly byServer: boolean };

/** One write of properties; `at` is undefined where the request gives no time, which means: when it arrived. */
export type PropertyWrite = {
  readonly subject: string;
  readonly at: number | undefined;
  readonly properties: Properties;
};

/** What was sent, read from the requests alone: the books that the pipeline's answers are checked against. */
export type Ledger = {
  readonly events: LedgerEvent[];
  /** Events that came again with an idempotency key already seen from the same sender. */
  duplicates: number;
  /** Rows that are no event and must be refused. */
  refused: number;
  readonly identifies: Identify[];
  readonly userWrites: PropertyWrite[];
  readonly accountWrites: PropertyWrite[];
};

type Row = Readonly<Record<string, unknown>>;

/** Reads requests in the order in which they were sent. Throws TypeError at a path it does not know. */
export function readLedger(requests: Iterable<DemoRequest>): Ledger {
  const ledger: Ledger = {
    events: [],
    duplicates: 0,
    refused: 0,
    identifies: [],
    userWrites: [],
    accountWrites: [],
  };
  const keys = new Set<string>();
  const addEvent = (key: unknown, event: LedgerEvent) => {
    if (event.name === '') {
      ledger.refused += 1;
      return;
    }
    // The key counts for one sender: another's event of the same key is another event.
    const once = `${event.who} ${key}`;
    if (keys.has(once)) ledger.duplicates += 1;
    else ledger.events.push(event);
    keys.add(once);
  };

  for (const { path, body, userAgent } of requests) {
    switch (path) {
      case '/v1/capture':
        for (const row of rowsOf(body, 'events')) readCaptured(ledger, addEvent, row, body, userAgent);
        break;
      case '/api/track':
        for (const row of rowsOf(body, 'events')) {
          addEvent(row['idempotency_key'], {
            who: named(row),
            at: timeOf(row['timestamp']),
            name: row['event'] as string,
            source: 'server',
            sessionId: undefined,
            bot: false,
            properties: (row['properties'] ?? {}) as Properties,
          });
        }
        break;
      case '/api/v1/identify':
        ledger.identifies.push({
          device: `device:${body['user_id']}`,
          identity: body['identity'] as string,
          byServer: true,
        });
        break;
      case '/api/add_user_properties':
        for (const row of rowsOf(body, 'users')) ledger.userWrites.push(writeOf(named(row), row));
        break;
      case '/api/add_account_properties':
        for (const row of rowsOf(body, 'accounts'))
          ledger.accountWrites.push(writeOf(row['account_id'] as string, row));
        break;
      default:
        throw new TypeError(`Cannot read a request: no such path, current value is ${path}`);
    }
  }
  return ledger;
}

function readCaptured(
  ledger: Ledger,
  addEvent: (key: unknown, event: LedgerEvent) => void,
  row: Row,
  body: Row,
  userAgent: string,
): void {
  const device: Named = `device:${body['user_id']}`;
  const at = timeOf(row['timestamp']);
  const properties = (row['properties'] ?? {}) as Properties;
  if (row['type'] === 'identify') {
    ledger.identifies.push({ device, identity: row['identity'] as string, byServer: false });
  } else if (row['type'] === 'user_properties') {
    ledger.userWrites.push({ subject: device, at, properties });
  } else {
    addEvent(row['idempotency_key'], {
      who: device,
      at,
      // Autocaptured events have no name of their own: they go by their kind.
      name: (row['type'] === 'custom' ? row['name'] : row['type']) as string,
      source: body['library'] as string,
      sessionId: body['session_id'] as string | undefined,
      bot: /bot/i.test(userAgent),
      properties,
    });
  }
}

/** The rows of a bulk body, or the body itself where it is a single one. */
function rowsOf(body: Row, field: string): readonly Row[] {
  return (body[field] as Row[] | undefined) ?? [body];
}

function named(row: Row): Named {
  return row['identity'] === undefined ? `device:${row['user_id']}` : `identity:${row['identity']}`;
}

function timeOf(timestamp: unknown): number {
  return typeof timestamp === 'number' ? timestamp : Date.parse(timestamp as string);
}

function writeOf(subject: string, row: Row): PropertyWrite {
  return { subject, at: undefined, properties: row['properties'] as Properties };
}
