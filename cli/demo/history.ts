import { type DemoRequest, dispatch } from './dispatch.ts';
import { createRandom } from './random.ts';
import { tellSaasStory } from './saas.ts';
import { tellShopStory } from './shop.ts';
import { customerRecords, tellTesterStory } from './special-stories.ts';
import { type Action, type Setting, Story } from './story.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

/** How far back a history reaches. */
export const HISTORY_MS = 7 * DAY_MS;

const BULK_USERS = 250;

export type HistoryOptions = {
  readonly seed: string;
  /** Distinct events, exactly: duplicates, identifies and property changes come on top. */
  readonly events: number;
  /** The history's last moment. Epoch ms UTC. */
  readonly endMs: number;
  /** Distinguishes this run's people from those of other runs on the same stack; empty where there are none. */
  readonly tag: string;
  readonly appId: string;
};

/** The requests of a week in the life of a shop and a SaaS product, in the order they are sent. */
export function tellHistory(options: HistoryOptions): DemoRequest[] {
  const { events, endMs, tag, appId } = options;
  const setting: Setting = { startMs: endMs - HISTORY_MS, endMs, tag, appId };
  const random = createRandom(options.seed);
  const requests: DemoRequest[] = [];
  const identities = new Set<string>();
  let left = events;
  for (let number = 0; left > 0; number += 1) {
    const story = new Story(setting, `d${number}`, random.fork(`story ${number}`));
    if (number === 0) tellTesterStory(story);
    else if (story.random.chance(0.72)) tellShopStory(story, number);
    else tellSaasStory(story, number);
    left -= keepEvents(story.actions, left);
    for (const identity of identitiesOf(story.actions)) identities.add(identity);
    requests.push(...dispatch(story, number));
  }
  requests.push(...customerRun([...identities], setting, random.fork('crm')));
  return requests.sort((a, b) => a.sendAt - b.sendAt);
}

/** Leaves out what is over the number of events; returns how many events are in. */
function keepEvents(actions: Action[], most: number): number {
  actions.sort((a, b) => a.at - b.at);
  let count = 0;
  for (const [index, action] of actions.entries()) {
    const here = eventsIn(action);
    if (count + here <= most) {
      count += here;
      continue;
    }
    const room = most - count;
    actions.length = index;
    const rows = action.by === 'server' ? action.body['events'] : undefined;
    if (action.by === 'server' && Array.isArray(rows) && room > 0)
      actions.push({ ...action, body: { ...action.body, events: rows.slice(0, room) } });
    return most;
  }
  return count;
}

function eventsIn(action: Action): number {
  if (action.by === 'client') return ['identify', 'user_properties'].includes(action.event.type) ? 0 : 1;
  if (action.path !== '/api/track') return 0;
  const rows = action.body['events'];
  return Array.isArray(rows) ? rows.length : 1;
}

function identitiesOf(actions: readonly Action[]): string[] {
  return actions.flatMap((action) => {
    const identity = action.by === 'client' ? action.event.identity : action.body['identity'];
    return typeof identity === 'string' ? [identity] : [];
  });
}

/** Its keys are its own: which of two systems wrote last never matters. */
function customerRun(
  identities: readonly string[],
  setting: Setting,
  random: ReturnType<typeof createRandom>,
): DemoRequest[] {
  const records = customerRecords(identities, random);
  const requests: DemoRequest[] = [];
  for (let from = 0; from < records.length; from += BULK_USERS) {
    requests.push({
      lane: -1,
      sendAt: setting.endMs,
      path: '/api/add_user_properties',
      userAgent: 'crm-sync/1.0',
      body: { app_id: setting.appId, users: records.slice(from, from + BULK_USERS) },
    });
  }
  return requests;
}
