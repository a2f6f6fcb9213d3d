import type { Random } from './random.ts';

/** Where devices come from: what they are, and the ids they draw, which are another matter in every run. */
export type Origin = { readonly random: Random; readonly ids: Random };

/** What sends client events: one anonymous user id on one browser or phone. A reset makes another device of it. */
export type Device = {
  /** Anonymous user id. */
  readonly id: number;
  readonly library: 'web' | 'ios' | 'android';
  readonly userAgent: string;
  /** Whether its client numbers its sessions; otherwise the server forms them from gaps. */
  readonly numbersSessions: boolean;
};

const BROWSERS = [
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36',
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15',
  'Mozilla/5.0 (X11; Linux x86_64; rv:141.0) Gecko/20100101 Firefox/141.0',
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36 Edg/139.0.0.0',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1',
];
const APPS = {
  ios: 'Trailhead/3.2.1 (iPhone; iOS 18.5; Scale/3.00)',
  android: 'Trailhead/3.2.0 (Linux; Android 15; Pixel 9 Build/AP4A.250405.002)',
} as const;
const BOTS = [
  'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
  'Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)',
];

export function aBrowser({ random, ids }: Origin): Device {
  return {
    id: ids.id(),
    library: 'web',
    userAgent: random.pick(BROWSERS),
    numbersSessions: random.chance(0.6),
  };
}

export function anApp({ random, ids }: Origin): Device {
  const library = random.pick(['ios', 'android'] as const);
  return { id: ids.id(), library, userAgent: APPS[library], numbersSessions: random.chance(0.4) };
}

/** A crawler that runs the page's script, and so sends pageviews. */
export function aBot({ random, ids }: Origin): Device {
  return { id: ids.id(), library: 'web', userAgent: random.pick(BOTS), numbersSessions: false };
}

/** The same browser or phone after its user was reset: another anonymous user id. */
export function afterReset({ ids }: Origin, device: Device): Device {
  return { ...device, id: ids.id() };
}
