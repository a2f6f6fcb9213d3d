/** Rows of `POST /v1/capture`, the API that browsers and apps speak (docs/CAPTURE.md). */
import { canonicalUserId } from '#schemas/ids.ts';
import { customType, type Source, VISIBILITIES } from '#schemas/kinds.ts';
import type { Collected } from '#schemas/types.ts';
import { accountPropertiesFrom } from './account-properties.ts';
import { readEventName } from './event-name.ts';
import { readIdentity } from './identity.ts';
import { readIdempotencyKey, readOptionalId, readUserId } from './ids.ts';
import { newInput } from './input.ts';
import { readDevice, readPage, readTarget } from './page.ts';
import { checkPlan, isPlanRefusal } from './plan-check.ts';
import { hasProperty, normaliseProperties } from './properties.ts';
import type { Row, Scope } from './scope.ts';
import { settleTime } from './timestamps.ts';
import { RESERVED_ID } from './user-properties.ts';
import { isRefusal, type Refusal, refuse, shown } from './verdict.ts';

/** Heap's event type of each kind of client event; that of a custom event follows from its name. */
const EVENT_TYPES: Readonly<Record<string, string>> = {
  pageview: 'view page',
  click: 'click',
  change: 'change',
  submit: 'submit',
  touch: 'touch',
  'edit field': 'edit field',
  custom: '',
};

const TYPES = [...Object.keys(EVENT_TYPES), 'identify', 'user_properties', 'account_properties'];

/** What a capture request says once for all of its events; a row's own `user_id`, `session_id`, `identity` win. */
export type CaptureDefaults = { readonly row: Row; readonly library: Source };

export function capture(row: Row, defaults: CaptureDefaults, scope: Scope): Collected | Refusal {
  const type = row['type'];
  if (typeof type !== 'string' || !TYPES.includes(type)) {
    return refuse(
      'invalid_type',
      `Cannot accept the event: want type one of ${TYPES.join(', ')}, current value is ${shown(type)}`,
    );
  }
  const idempotency = readIdempotencyKey(row['idempotency_key'] ?? row['id']);
  if (isRefusal(idempotency)) return idempotency;
  const read = readInput(type, row, defaults, idempotency.key, scope);
  if (isRefusal(read) && !isPlanRefusal(read)) return read;
  const input = isPlanRefusal(read) ? read.record : read;
  const settled = settleTime(row['timestamp'], scope, input.flags);
  if (isRefusal(settled)) return settled;
  input.time = settled.time;
  input.client_time = settled.clientTime;
  return read;
}

function readInput(
  type: string,
  row: Row,
  defaults: CaptureDefaults,
  key: string,
  scope: Scope,
): Collected | Refusal {
  if (type === 'account_properties') return accountPropertiesFrom(row, defaults.library, key, scope);
  const who = readClientUser(type, row, defaults.row, scope);
  if (isRefusal(who)) return who;
  const kind = type === 'identify' || type === 'user_properties' ? type : 'event';
  const input = newInput(kind, defaults.library, who.deviceId, key, scope);
  input.identity = who.identity;
  if (type === 'identify') return input;
  if (type === 'user_properties') return readUserProperties(row, input, scope);
  return readClientEvent(type, row, defaults.row, input, scope);
}

function readUserProperties(row: Row, input: Collected, scope: Scope): Collected | Refusal {
  const properties = row['properties'];
  if (hasProperty(properties, 'id')) return RESERVED_ID;
  if (hasProperty(properties, 'user_id')) {
    return refuse(
      'reserved_property',
      'Cannot set user property user_id: the name is reserved, in any casing',
    );
  }
  const normal = normaliseProperties(properties, input.flags);
  if (isRefusal(normal)) return normal;
  input.properties = normal.json;
  return checkPlan(input, normal.flat, scope.plan);
}

function readClientEvent(
  type: string,
  row: Row,
  request: Row,
  input: Collected,
  scope: Scope,
): Collected | Refusal {
  const name = type === 'custom' ? readEventName(row['name'], 'name', input.flags) : type;
  if (typeof name !== 'string') return name;
  const sessionId = readOptionalId(
    row['session_id'] ?? request['session_id'],
    'session_id',
    'invalid_session_id',
  );
  if (typeof sessionId !== 'number') return sessionId;
  const visibility = readVisibility(row['app_visibility']);
  if (typeof visibility !== 'string') return visibility;
  const pageviewId = readOptionalId(row['pageview_id'], 'pageview_id', 'invalid_pageview_id');
  if (typeof pageviewId !== 'number') return pageviewId;

  const { client } = scope;
  input.session_id = sessionId;
  input.pageview_id = pageviewId;
  input.name = name;
  input.type = type === 'custom' ? customType(name) : (EVENT_TYPES[type] as string);
  input.app_visibility = visibility;
  input.user_agent = client.userAgent;
  input.browser = client.browser;
  input.platform = client.platform;
  input.device = client.device;
  input.device_type = client.deviceType;
  input.ip = scope.environment.options.keepIp ? client.ip : '';
  input.country = client.country;
  input.region = client.region;
  input.city = client.city;
  input.is_bot = client.isBot;
  const refusal =
    readDevice(request['device'], request['app'], input) ??
    readPage(row['page'], input) ??
    readTarget(row['target'], input);
  if (refusal !== undefined) return refusal;
  const normal = normaliseProperties(row['properties'], input.flags);
  if (isRefusal(normal)) return normal;
  input.properties = normal.json;
  return checkPlan(input, normal.flat, scope.plan);
}

/** Whether the application was in sight when it happened; empty where it does not say. */
function readVisibility(value: unknown): string | Refusal {
  if (value === undefined || value === null) return '';
  return (
    VISIBILITIES.find((known) => known === value) ??
    refuse(
      'invalid_app_visibility',
      `Cannot read app_visibility: want ${VISIBILITIES.join(' or ')}, current value is ${shown(value)}`,
    )
  );
}

/**
 * The device and the identity it carries. A client always knows its own `user_id`; only user properties may
 * name an identity alone.
 */
function readClientUser(
  type: string,
  row: Row,
  request: Row,
  scope: Scope,
): { deviceId: number; identity: string } | Refusal {
  const userId = row['user_id'] ?? request['user_id'];
  const identity = row['identity'] ?? request['identity'];
  const hasIdentity = identity !== undefined && identity !== null;
  if (type === 'identify' && !hasIdentity) {
    return refuse('missing_identity', 'Cannot accept the identify: it has no identity');
  }
  const name = hasIdentity ? readIdentity(identity, scope.refusePlaceholders) : '';
  if (typeof name !== 'string') return name;
  if (userId === undefined || userId === null) {
    if (type === 'user_properties' && name !== '') {
      return { deviceId: canonicalUserId(scope.environment.number, name), identity: name };
    }
    return refuse('missing_user', 'Cannot accept the event: it has no user_id');
  }
  const deviceId = readUserId(userId);
  return typeof deviceId === 'number' ? { deviceId, identity: name } : deviceId;
}
