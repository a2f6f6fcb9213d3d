import type { Arrival } from './arrival.ts';
import type { Device } from './device.ts';
import type { Page, Properties, Story } from './story.ts';

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;

const APP_PAUSES_MS = [5 * MINUTE_MS, 5 * MINUTE_MS + 1, 4 * MINUTE_MS, 3 * MINUTE_MS];

/** Long pauses, near the gap that ends a session: exactly the gap does not, one millisecond more does. */
const LONG_PAUSES_MS = {
  web: [30 * MINUTE_MS, 30 * MINUTE_MS + 1, 29 * MINUTE_MS, 22 * MINUTE_MS, 17 * MINUTE_MS],
  ios: APP_PAUSES_MS,
  android: APP_PAUSES_MS,
} as const;

/** One person's stay on a site or in an app, told page by page. Time goes on by itself between the steps. */
export class Visit {
  /** Time of the last step. Epoch ms UTC. */
  now: number;
  readonly #story: Story;
  readonly #device: Device;
  readonly #origin: string;
  readonly #arrival: Arrival;
  readonly #sessionId: string | undefined;
  #page: Page | undefined;

  constructor(story: Story, device: Device, at: number, origin: string, arrival: Arrival) {
    this.#story = story;
    this.#device = device;
    this.#origin = origin;
    this.#arrival = arrival;
    this.#sessionId = device.numbersSessions ? String(story.ids.id()) : undefined;
    this.now = at;
  }

  /** Opens a page or screen; the first one of a visit carries the referrer and the campaign. */
  page(path: string, title: string): void {
    this.#pause(4, 70);
    const first = this.#page === undefined;
    this.#page = {
      url: `${this.#origin}${path}${first ? this.#arrival.query : ''}`,
      title,
      referrer: first ? this.#arrival.referrer : this.#page!.url,
    };
    this.#tell({ type: 'pageview' });
  }

  /** An autocaptured interaction with an element of the page. */
  interact(text: string, href?: string): void {
    this.#pause(1, 25);
    this.#tell({
      type: this.#device.library === 'web' ? 'click' : 'touch',
      target: { text, tag: href === undefined ? 'button' : 'a', ...(href !== undefined && { href }) },
    });
  }

  /** A custom event that the page or app sends. */
  custom(name: string, properties: Properties): void {
    this.#pause(1, 3);
    this.#tell({ type: 'custom', name, properties });
  }

  /** The client learns who its user is. */
  identify(identity: string): void {
    this.#pause(1, 2);
    this.#tell({ type: 'identify', identity });
  }

  userProperties(properties: Properties): void {
    this.#pause(1, 2);
    this.#tell({ type: 'user_properties', properties });
  }

  #tell(event: Parameters<Story['client']>[2]): void {
    this.#story.client(this.#device, this.now, {
      ...event,
      ...(this.#sessionId !== undefined && { session_id: this.#sessionId }),
      ...(this.#page !== undefined && { page: this.#page }),
    });
  }

  #pause(minSeconds: number, maxSeconds: number): void {
    const { random } = this.#story;
    this.now += random.chance(0.03)
      ? random.pick(LONG_PAUSES_MS[this.#device.library])
      : random.int(minSeconds * SECOND_MS, maxSeconds * SECOND_MS);
  }
}
