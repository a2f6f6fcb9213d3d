import type { Device } from './device.ts';
import type { Random } from './random.ts';
import type { Action, Story } from './story.ts';

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;

/** A client sends what it has gathered when there is this much of it, or when it is this old. */
const BATCH_EVENTS = 25;
const BATCH_MS = 15 * MINUTE_MS;

/** Name a server gives for itself where a client would give its browser. */
const SERVER_AGENT = 'trailhead-backend/2.4';

/** One HTTP POST of the demo. */
export type DemoRequest = {
  /** Requests of one lane are sent in order, each after the answer to the one before. */
  readonly lane: number;
  /** When it would have been sent, had the history been live. Epoch ms UTC. */
  readonly sendAt: number;
  readonly path: string;
  readonly userAgent: string;
  /** The JSON body; a client's `sent_at` is added when it is sent. */
  readonly body: Readonly<Record<string, unknown>>;
};

type ClientAction = Extract<Action, { by: 'client' }>;
type Batch = { readonly device: Device; readonly actions: ClientAction[] };

/**
 * The requests of a story, in the order they are sent: clients gather events and send them late, out of order
 * or, having missed the answer, twice.
 */
export function dispatch(story: Story, lane: number): DemoRequest[] {
  const { random, setting } = story;
  const actions = story.actions.toSorted((a, b) => a.at - b.at);
  const requests: DemoRequest[] = [];
  const add = (sendAt: number, path: string, userAgent: string, body: Record<string, unknown>) =>
    requests.push({
      lane,
      sendAt: Math.min(sendAt, setting.endMs),
      path,
      userAgent,
      body: { app_id: setting.appId, ...body },
    });

  for (const action of actions) {
    if (action.by === 'client') continue;
    const sendAt = action.at + random.int(20, 400);
    const body = spoilt(random, action.body);
    add(sendAt, action.path, SERVER_AGENT, body);
    // The answer got lost: the whole request goes out again.
    if (random.chance(0.02)) add(sendAt + random.int(1, 30) * SECOND_MS, action.path, SERVER_AGENT, body);
  }
  let unacknowledged: ClientAction[] = [];
  for (const { device, actions: fresh } of batchesOf(actions)) {
    const held = unacknowledged.filter(
      (action) => action.device === device && sameSession(action, fresh[0]!),
    );
    const events = [...held, ...fresh];
    const sendAt = fresh.at(-1)!.at + delayMs(random, device);
    const body = captureBody(device, random.chance(0.05) ? events.toReversed() : events);
    add(sendAt, '/v1/capture', device.userAgent, body);
    if (random.chance(0.02))
      add(sendAt + random.int(1, 60) * SECOND_MS, '/v1/capture', device.userAgent, body);
    // A client that saw no answer sends these again together with the next ones.
    unacknowledged = random.chance(0.02) ? fresh : [];
  }
  return requests.sort((a, b) => a.sendAt - b.sendAt);
}

/** What each device sends together, oldest first. */
function batchesOf(actions: readonly Action[]): Batch[] {
  const batches: Batch[] = [];
  const open = new Map<Device, ClientAction[]>();
  for (const action of actions) {
    if (action.by === 'server') continue;
    const batch = open.get(action.device);
    const fits =
      batch !== undefined &&
      batch.length < BATCH_EVENTS &&
      action.at - batch[0]!.at <= BATCH_MS &&
      sameSession(action, batch[0]!);
    if (fits) {
      batch.push(action);
      continue;
    }
    const fresh = [action];
    open.set(action.device, fresh);
    batches.push({ device: action.device, actions: fresh });
  }
  return batches;
}

function sameSession(a: ClientAction, b: ClientAction): boolean {
  return a.event.session_id === b.event.session_id;
}

/** Mostly seconds; a browser that slept takes minutes, a phone without a network hours. */
function delayMs(random: Random, device: Device): number {
  if (random.chance(device.library === 'web' ? 0.04 : 0.1))
    return random.int(1, device.library === 'web' ? 90 : 600) * MINUTE_MS;
  return random.int(300, 3000);
}

function captureBody(device: Device, actions: readonly ClientAction[]): Record<string, unknown> {
  const sessionId = actions[0]!.event.session_id;
  return {
    user_id: String(device.id),
    library: device.library,
    ...(device.library !== 'web' && { app: { name: 'Trailhead', version: '3.2.1' } }),
    ...(sessionId !== undefined && { session_id: sessionId }),
    events: actions.map(({ at, key, event: { session_id: _, ...event } }) => ({
      idempotency_key: key,
      timestamp: new Date(at).toISOString(),
      ...event,
    })),
  };
}

/** Now and then a bulk request has a row that must be refused, and the others kept. */
function spoilt(random: Random, body: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const rows = body['events'];
  if (!Array.isArray(rows) || !random.chance(0.05)) return body;
  return { ...body, events: [...rows, { ...rows[0], event: '', idempotency_key: undefined }] };
}
