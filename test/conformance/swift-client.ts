/**
 * A client that behaves as the behaviour specs of Heap's Swift SDK (heap-swift-core-sdk, MIT) say, and sends to
 * Cairn's capture API: a state machine made from these facts, to see what Cairn makes of what such a client sends.
 *
 * Cairn has no mobile SDK. What only shows inside a client is not here: persistence, notifications to bridges and
 * sources, Contentsquare, transformers, the uploader, version changes, the source library.
 */
import assert from 'node:assert/strict';

const MOBILE_TIMEOUT_MS = 5 * 60_000;
/** A web view in the app may ask for this much. */
const LONGEST_TIMEOUT_MS = 30 * 60_000;
const MAX_KEY = 512;
const MAX_NAME = 512;
const MAX_VALUE = 1024;

export type Properties = Readonly<Record<string, string | number | boolean>>;

export type SwiftClientOptions = {
  readonly post: (path: string, body: object) => Promise<{ readonly status: number; readonly body: unknown }>;
  /** Next random user or session id. */
  readonly nextUserId: () => number;
  readonly nextSessionId: () => number;
  /** Option of the SDK: a new user starts without the event properties of the one before. */
  readonly clearEventPropertiesOnNewUser?: boolean;
};

export class SwiftClient {
  readonly #options: SwiftClientOptions;
  readonly #queue: object[] = [];
  #isRecording = false;
  #eventProperties: Record<string, string> = {};
  userId: number;
  identity: string | undefined;
  /** The session that is active or has expired; undefined before the first. */
  sessionId: number | undefined;
  /** Epoch ms; whole seconds. */
  expiresAtMs = 0;

  constructor(options: SwiftClientOptions) {
    this.#options = options;
    this.userId = options.nextUserId();
  }

  startRecording(): void {
    this.#isRecording = true;
  }

  stopRecording(): void {
    this.#isRecording = false;
  }

  track(name: string, properties: Properties, atMs: number): void {
    if (!this.#isRecording || name === '' || name.length > MAX_NAME) return;
    this.#useSession(atMs);
    this.#enqueue(atMs, {
      type: 'custom',
      name,
      properties: { ...this.#eventProperties, ...sanitised(properties) },
    });
  }

  trackPageview(properties: Properties, atMs: number): void {
    if (!this.#isRecording) return;
    this.#useSession(atMs);
    this.#enqueue(atMs, {
      type: 'pageview',
      properties: { ...this.#eventProperties, ...sanitised(properties) },
    });
  }

  addEventProperties(properties: Properties): void {
    Object.assign(this.#eventProperties, sanitised(properties));
  }

  removeEventProperty(name: string): void {
    delete this.#eventProperties[name];
  }

  identify(identity: string, atMs: number): void {
    if (!this.#isRecording || identity === '' || identity === this.identity) return;
    if (this.identity === undefined) {
      this.identity = identity;
      this.#useSession(atMs);
    } else {
      this.#newUser(identity, atMs);
    }
    this.#enqueue(atMs, { type: 'identify' });
  }

  resetIdentity(atMs: number): void {
    if (this.#isRecording && this.identity !== undefined) this.#newUser(undefined, atMs);
  }

  /** What a web view in the app does with the session it shares: to the wish of its own, within bounds, never back. */
  extendSession(sessionId: number | undefined, preferredMs: number, atMs: number): void {
    if (!this.#isRecording || sessionId !== this.sessionId) return;
    const least = atMs + MOBILE_TIMEOUT_MS;
    this.#extendTo(Math.min(Math.max(preferredMs, least), atMs + LONGEST_TIMEOUT_MS));
  }

  /** Sends what has been queued, in order; all of it must be taken. */
  async flush(): Promise<void> {
    const messages = this.#queue.splice(0);
    for (let at = 0; at < messages.length; at += 1000) {
      const body = { library: 'ios', events: messages.slice(at, at + 1000) };
      assert.deepEqual(await this.#options.post('/v1/capture', body), { status: 200, body: {} });
    }
  }

  /** An event at exactly the expiry still belongs; cut to seconds, so that a fraction above it does not. */
  #useSession(atMs: number): void {
    if (this.sessionId === undefined || this.expiresAtMs < atMs) this.#newSession(atMs);
    else this.#extendTo(atMs + MOBILE_TIMEOUT_MS);
  }

  #extendTo(ms: number): void {
    this.expiresAtMs = Math.max(this.expiresAtMs, Math.floor(ms / 1000) * 1000);
  }

  /** A session starts with a pageview of its own making, at the time of what started it. */
  #newSession(atMs: number): void {
    this.sessionId = this.#options.nextSessionId();
    this.expiresAtMs = 0;
    this.#extendTo(atMs + MOBILE_TIMEOUT_MS);
    this.#enqueue(atMs, { type: 'pageview', properties: this.#eventProperties });
  }

  #newUser(identity: string | undefined, atMs: number): void {
    this.userId = this.#options.nextUserId();
    this.identity = identity;
    if (this.#options.clearEventPropertiesOnNewUser === true) this.#eventProperties = {};
    this.#newSession(atMs);
  }

  #enqueue(atMs: number, message: object): void {
    this.#queue.push({
      user_id: String(this.userId),
      session_id: String(this.sessionId),
      ...(this.identity !== undefined && { identity: this.identity }),
      timestamp: atMs,
      ...structuredClone(message),
    });
  }
}

/** Everything is text; what is blank, or has too long a name, is left out; long values are cut between graphemes. */
export function sanitised(properties: Properties): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [name, value] of Object.entries(properties)) {
    const text = String(value);
    if (name.trim() === '' || name.length > MAX_KEY || text.trim() === '') continue;
    result[name] = cut(text);
  }
  return result;
}

function cut(text: string): string {
  if (text.length <= MAX_VALUE) return text;
  let end = 0;
  for (const { index, segment } of new Intl.Segmenter().segment(text)) {
    if (index + segment.length > MAX_VALUE) break;
    end = index + segment.length;
  }
  return text.slice(0, end);
}
