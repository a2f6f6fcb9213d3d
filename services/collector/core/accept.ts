/**
 * What a request becomes: the records to log and a verdict for each row refused, or a refusal of the whole.
 * One table says which JSON each route takes. Pure: time, chance and lookups are arguments.
 */
import type { Environment } from '#lib/config/environments.ts';
import { SOURCES, type Source } from '#schemas/kinds.ts';
import type { Collected } from '#schemas/types.ts';
import { accountProperties } from './account-properties.ts';
import { capture } from './capture.ts';
import { type Client, refuseClient } from './client.ts';
import { identify } from './identify.ts';
import { textOrNumber } from './ids.ts';
import { integrationTrack, integrationUserProperties } from './integrations.ts';
import { isPlanRefusal, type PlanCheck, type PlanPolicy } from './plan-check.ts';
import { isRow, type Row, type Scope } from './scope.ts';
import { parseTime } from './timestamps.ts';
import { track } from './track.ts';
import { userProperties } from './user-properties.ts';
import { isRefusal, type Refusal, type RequestCode, refuse, shown, type Verdict } from './verdict.ts';

/** Most rows of one request (Heap: 1000 on each bulk route). */
export const MAX_ROWS = 1000;

/** Most characters of property JSON of one request: nesting can make it larger than the body was. */
export const MAX_BATCH_LENGTH = 16_000_000;

export type Accepted = {
  readonly accepted: readonly Collected[];
  readonly rejected: readonly Verdict[];
  /** True where the request was one row, not a list of them. */
  readonly single: boolean;
  /** What the environment's tracking plan found; absent where it has none. */
  readonly plan?: PlanCheck;
};

/** A request refused as a whole. */
export type RefusedRequest = { readonly error: RequestCode; readonly message: string };

/** What is true of all requests of this collector, and of this one. */
export type Circumstances = {
  readonly environments: ReadonlyMap<string, Environment>;
  /** By number of the environment. */
  readonly plans: ReadonlyMap<number, PlanPolicy>;
  readonly refusePlaceholders: boolean;
  readonly maxAgeMs: number;
  readonly receivedAt: number;
  readonly newId: () => number;
  readonly client: Client;
};

type RouteSpec = {
  /** Field of the body that lists rows; where it is absent, the body itself is the one row. */
  readonly list?: string;
  readonly row: (row: Row, scope: Scope) => Collected | Refusal;
  /** Answer to a request accepted whole. */
  readonly success: 'empty object' | 'OK';
};

const HEAP_ROUTES = {
  '/api/track': { list: 'events', row: track, success: 'empty object' },
  '/api/add_user_properties': { list: 'users', row: userProperties, success: 'empty object' },
  '/api/add_account_properties': { list: 'accounts', row: accountProperties, success: 'OK' },
  '/api/v1/identify': { row: identify, success: 'empty object' },
  '/api/identify': { row: userProperties, success: 'empty object' },
  '/api/integrations/track': { list: 'events', row: integrationTrack, success: 'empty object' },
  '/api/integrations/add_user_properties': {
    list: 'users',
    row: integrationUserProperties,
    success: 'empty object',
  },
} as const satisfies Record<string, RouteSpec>;

export const CAPTURE_PATH = '/v1/capture';

export type RoutePath = keyof typeof HEAP_ROUTES | typeof CAPTURE_PATH;

export const ROUTE_PATHS = [...Object.keys(HEAP_ROUTES), CAPTURE_PATH] as readonly RoutePath[];

/** True where a whole success is the text `OK` instead of `{}`. */
export function answersOk(path: RoutePath): boolean {
  return path !== CAPTURE_PATH && HEAP_ROUTES[path].success === 'OK';
}

/** Decides a request, given its parsed JSON. */
export function accept(
  path: RoutePath,
  body: unknown,
  circumstances: Circumstances,
): Accepted | RefusedRequest {
  if (!isRow(body)) {
    return refuseRequest(
      'invalid_body',
      `Cannot accept the request: want a JSON object, current value is ${shown(body)}`,
    );
  }
  const appId = textOrNumber(body['app_id']);
  if (appId === undefined || appId === '') {
    return refuseRequest('missing_app_id', 'Cannot accept the request: it has no app_id');
  }
  const environment = circumstances.environments.get(appId);
  if (environment === undefined) {
    return refuseRequest(
      'unknown_app_id',
      `Cannot accept the request: no environment has app_id ${shown(appId)}`,
    );
  }
  const scope = scopeOf(path, body, environment, circumstances);
  if (path === CAPTURE_PATH) return acceptCapture(body, scope);
  const route: RouteSpec = HEAP_ROUTES[path];
  const rows = route.list === undefined ? undefined : body[route.list];
  if (rows === undefined || rows === null) return acceptOne(route.row(body, scope), scope);
  return acceptRows(route.list as string, rows, (row) => route.row(row, scope), scope);
}

function acceptCapture(body: Row, scope: Scope): Accepted | RefusedRequest {
  const library = body['library'] ?? 'web';
  if (library === 'server' || !SOURCES.includes(library as Source)) {
    return refuseRequest(
      'invalid_library',
      `Cannot accept the request: want library web, ios or android, current value is ${shown(library)}`,
    );
  }
  const unwanted = refuseClient(scope.client, scope.environment.options);
  const defaults = { row: body, library: library as Source };
  return acceptRows('events', body['events'], (row) => unwanted ?? capture(row, defaults, scope), scope);
}

function acceptOne(result: Collected | Refusal, scope: Scope): Accepted {
  return isRefusal(result)
    ? { accepted: [], rejected: [verdictOf(result, 0, scope)], single: true, ...planOf(scope) }
    : { accepted: [result], rejected: [], single: true, ...planOf(scope) };
}

function verdictOf(refusal: Refusal, index: number, { plan }: Scope): Verdict {
  if (isPlanRefusal(refusal)) plan?.refused.push(refusal);
  return { index, code: refusal.code, message: refusal.message };
}

function planOf({ plan }: Scope): Pick<Accepted, 'plan'> {
  return plan === undefined ? {} : { plan };
}

function acceptRows(
  list: string,
  rows: unknown,
  decide: (row: Row) => Collected | Refusal,
  scope: Scope,
): Accepted | RefusedRequest {
  if (!Array.isArray(rows)) {
    return refuseRequest(
      'invalid_rows',
      `Cannot accept the request: want ${list} to be an array, current value is ${shown(rows)}`,
    );
  }
  if (rows.length > MAX_ROWS) {
    return refuseRequest(
      'too_many_rows',
      `Cannot accept the request: want at most ${MAX_ROWS} ${list}, current number is ${rows.length}`,
    );
  }
  const accepted: Collected[] = [];
  const rejected: Verdict[] = [];
  let length = 0;
  for (let index = 0; index < rows.length; index += 1) {
    const row: unknown = rows[index];
    const result = length > MAX_BATCH_LENGTH ? BATCH_TOO_LARGE : isRow(row) ? decide(row) : notARow(row);
    if (isRefusal(result)) rejected.push(verdictOf(result, index, scope));
    else {
      accepted.push(result);
      length += result.properties.length;
    }
  }
  return { accepted, rejected, single: false, ...planOf(scope) };
}

function scopeOf(path: RoutePath, body: Row, environment: Environment, circumstances: Circumstances): Scope {
  const { receivedAt, maxAgeMs, newId, client, refusePlaceholders, plans } = circumstances;
  const policy = plans.get(environment.number);
  const plan: PlanCheck | undefined = policy === undefined ? undefined : { policy, warned: [], refused: [] };
  const sentAt = path === CAPTURE_PATH ? parseTime(body['sent_at']) : undefined;
  return { environment, receivedAt, sentAt, maxAgeMs, refusePlaceholders, newId, client, plan };
}

function refuseRequest(error: RequestCode, message: string): RefusedRequest {
  return { error, message };
}

function notARow(row: unknown): Refusal {
  return refuse('invalid_row', `Cannot accept the row: want an object, current value is ${shown(row)}`);
}

const BATCH_TOO_LARGE = refuse(
  'batch_too_large',
  `Cannot accept the row: the rows before it hold over ${MAX_BATCH_LENGTH} characters of properties; send fewer at once`,
);
