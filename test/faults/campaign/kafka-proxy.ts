import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import {
  type Address,
  correlationIdOf,
  FrameSplitter,
  requestHeader,
  withProxyPort,
} from './kafka-frames.ts';
import { Traps, type Verdict, Weather } from './traps.ts';

/** `before`: the broker has not seen the request. `after`: it has answered, and the client does not know. */
export type KafkaMessage = { readonly apiKey: number; readonly when: 'before' | 'after' };

type Link = {
  readonly client: Socket;
  readonly broker: Socket;
  /** Requests under way: API key by correlation id. */
  readonly apiKeys: Map<number, number>;
  /** The connection to the broker lives on for a message that is late. */
  isLate: boolean;
};

/**
 * Stands between one client and one broker, and knows where a request begins and what it is. It puts itself into
 * the broker's answers as the broker's address.
 */
export class KafkaProxy {
  readonly traps = new Traps<KafkaMessage>();
  readonly weather = new Weather();
  readonly #target: Address;
  readonly #server: Server;
  readonly #links = new Set<Link>();
  port = 0;

  private constructor(target: Address) {
    this.#target = target;
    this.#server = createServer({ noDelay: true }, (client) => this.#connect(client));
  }

  static async start(broker: string): Promise<KafkaProxy> {
    const { hostname, port } = new URL(`kafka://${broker}`);
    const proxy = new KafkaProxy({ host: hostname, port: Number(port) });
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    proxy.port = (proxy.#server.address() as AddressInfo).port;
    return proxy;
  }

  get broker(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Closes every connection. */
  cutAll(): void {
    for (const link of this.#links) cut(link);
  }

  async stop(): Promise<void> {
    this.weather.clear();
    this.traps.open();
    this.cutAll();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #connect(client: Socket): void {
    if (this.weather.refuses) {
      client.destroy();
      return;
    }
    const broker = connect({ ...this.#target, noDelay: true });
    const link: Link = { client, broker, apiKeys: new Map(), isLate: false };
    this.#links.add(link);
    for (const socket of [client, broker]) socket.on('error', () => {});
    this.#pump(link, client, broker, (frame) => this.#onRequest(link, frame));
    this.#pump(link, broker, client, (frame) => this.#onAnswer(link, frame));
  }

  /** Passes frames on, one after another, until an end closes or a verdict cuts the connection. */
  async #pump(
    link: Link,
    from: Socket,
    to: Socket,
    pass: (frame: Buffer) => Promise<{ verdict: Verdict; frame: Buffer }>,
  ): Promise<void> {
    const splitter = new FrameSplitter();
    try {
      for await (const chunk of from) {
        await this.weather.endure();
        for (const whole of splitter.push(chunk as Buffer)) {
          const { verdict, frame } = await pass(whole);
          if (verdict === 'cut') return;
          if (verdict !== 'forward') {
            link.isLate = true;
            deliverLate(to, frame, verdict.lateMs);
            return;
          }
          if (!to.write(frame)) await Promise.race([once(to, 'drain'), once(to, 'close')]);
        }
      }
    } catch {
      // The other end is gone.
    } finally {
      cut(link);
      this.#links.delete(link);
    }
  }

  async #onRequest(link: Link, frame: Buffer) {
    const { apiKey, correlationId } = requestHeader(frame);
    const verdict = await this.traps.meet({ apiKey, when: 'before' });
    link.apiKeys.set(correlationId, apiKey);
    return { verdict, frame };
  }

  async #onAnswer(link: Link, frame: Buffer) {
    const correlationId = correlationIdOf(frame);
    const apiKey = link.apiKeys.get(correlationId) ?? -1;
    link.apiKeys.delete(correlationId);
    const verdict = await this.traps.meet({ apiKey, when: 'after' });
    return { verdict, frame: withProxyPort(frame, apiKey, this.#target, this.port) };
  }
}

function cut({ client, broker, isLate }: Link): void {
  client.destroy();
  if (!isLate) broker.destroy();
}

/** A message that comes out of a network in which it was stuck, when its sender is long gone. */
async function deliverLate(broker: Socket, frame: Buffer, lateMs: number): Promise<void> {
  await pause(lateMs);
  broker.end(frame);
}
