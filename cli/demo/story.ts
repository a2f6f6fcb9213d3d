import type { Device } from './device.ts';
import type { Random } from './random.ts';

export type Properties = Readonly<Record<string, string | number | boolean>>;

export type Page = { readonly url: string; readonly title: string; readonly referrer: string };

/** What a client remembers about one thing that happened, in the terms of `POST /v1/capture`. */
export type ClientEvent = {
  readonly type:
    | 'pageview'
    | 'click'
    | 'change'
    | 'submit'
    | 'touch'
    | 'custom'
    | 'identify'
    | 'user_properties';
  readonly name?: string;
  readonly identity?: string;
  readonly session_id?: string;
  readonly page?: Page;
  readonly target?: { readonly text: string; readonly tag: string; readonly href?: string };
  readonly properties?: Properties;
};

/** Who a server request is about: a known identity or a device's anonymous id. */
export type Who = { readonly identity: string } | { readonly user_id: string };

/** One thing that somebody did, or that a server noted, at a time. */
export type Action =
  | {
      readonly by: 'client';
      readonly at: number;
      readonly key: string;
      readonly device: Device;
      readonly event: ClientEvent;
    }
  | {
      readonly by: 'server';
      readonly at: number;
      readonly path: string;
      readonly body: Readonly<Record<string, unknown>>;
    };

/** Times and tags every story of one history shares. */
export type Setting = {
  /** First and last moment of the history. Epoch ms UTC. */
  readonly startMs: number;
  readonly endMs: number;
  /** Part of every identity, account and idempotency key, so that two runs never meet. */
  readonly tag: string;
  readonly appId: string;
};

/**
 * Everything that one circle of people does: a person, a household or a company. Times are unique within a
 * story, so that no answer depends on how ties are ordered. What would happen after the end is left out.
 */
export class Story {
  readonly setting: Setting;
  readonly random: Random;
  /** Draws the ids of devices and sessions, apart from what happens. */
  readonly ids: Random;
  readonly actions: Action[] = [];
  readonly #name: string;
  readonly #taken = new Set<number>();
  #keys = 0;

  constructor(setting: Setting, name: string, random: Random) {
    this.setting = setting;
    this.#name = name;
    this.random = random;
    this.ids = random.fork(`ids${setting.tag}`);
  }

  /** A moment of the history with more people in daylight (UTC) than at night. */
  someTime(): number {
    const { startMs, endMs } = this.setting;
    for (;;) {
      const at = startMs + Math.floor(this.random.float() * (endMs - startMs));
      const hour = new Date(at).getUTCHours();
      if (this.random.chance(hour >= 7 && hour < 22 ? 1 : 0.25)) return at;
    }
  }

  /** An identity or account id of this run alone. */
  named(local: string, domain: string): string {
    return `${local}${this.setting.tag}@${domain}`;
  }

  client(device: Device, at: number, event: ClientEvent): void {
    this.#act(at, (at) => ({ by: 'client', at, key: this.#nextKey(), device, event }));
  }

  track(at: number, who: Who, event: string, properties: Properties): void {
    this.#act(at, (at) => ({
      by: 'server',
      at,
      path: '/api/track',
      body: { ...who, event, properties, timestamp: iso(at), idempotency_key: this.#nextKey() },
    }));
  }

  /** One bulk request; the rows happened one after another from `at` on. */
  trackBulk(at: number, rows: readonly { who: Who; event: string; properties: Properties }[]): void {
    this.#act(at, (at) => ({
      by: 'server',
      at,
      path: '/api/track',
      body: {
        events: rows.map(({ who, event, properties }, index) => ({
          ...who,
          event,
          properties,
          // Servers in the wild send epoch milliseconds as often as ISO 8601.
          timestamp: index === 0 ? at : this.#claim(at + index),
          idempotency_key: this.#nextKey(),
        })),
      },
    }));
  }

  /** The server's own identify: this anonymous id is that person. */
  identify(at: number, device: Device, identity: string): void {
    this.#act(at, (at) => ({
      by: 'server',
      at,
      path: '/api/v1/identify',
      body: { user_id: String(device.id), identity, timestamp: iso(at) },
    }));
  }

  userProperties(at: number, identity: string, properties: Properties): void {
    this.#act(at, (at) => ({
      by: 'server',
      at,
      path: '/api/add_user_properties',
      body: { identity, properties },
    }));
  }

  accountProperties(at: number, accountId: string, properties: Properties): void {
    this.#act(at, (at) => ({
      by: 'server',
      at,
      path: '/api/add_account_properties',
      body: { account_id: accountId, properties },
    }));
  }

  #act(at: number, action: (at: number) => Action): void {
    const time = this.#claim(at);
    if (time <= this.setting.endMs) this.actions.push(action(time));
  }

  #claim(at: number): number {
    let time = Math.round(at);
    while (this.#taken.has(time)) time += 1;
    this.#taken.add(time);
    return time;
  }

  #nextKey(): string {
    this.#keys += 1;
    return `${this.setting.tag}${this.#name}-${this.#keys}`;
  }
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
