import { once } from 'node:events';
import {
  Agent,
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as openRequest,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { Traps, Weather } from './traps.ts';

/** `before`: ClickHouse has not seen the statement. `after`: it has answered, and the client does not know. */
export type ClickHouseMessage = {
  /** Table that rows are inserted into; empty for any other statement. */
  readonly table: string;
  readonly when: 'before' | 'after';
};

type Answer = { readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: Buffer };

/** Stands between a client and ClickHouse's HTTP interface, and knows an insert when it sees one. */
export class ClickHouseProxy {
  readonly traps = new Traps<ClickHouseMessage>();
  readonly weather = new Weather();
  readonly #target: URL;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #server: Server;

  private constructor(target: URL) {
    this.#target = target;
    this.#server = createServer((request, response) => {
      this.#pass(request, response).catch(() => response.destroy());
    });
    this.#server.on('connection', (socket) => {
      if (this.weather.refuses) socket.destroy();
    });
  }

  static async start(clickhouseUrl: string): Promise<ClickHouseProxy> {
    const proxy = new ClickHouseProxy(new URL(clickhouseUrl));
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  /** As the target's, with its user and password. */
  get url(): string {
    const url = new URL(this.#target);
    url.hostname = '127.0.0.1';
    url.port = String((this.#server.address() as AddressInfo).port);
    return url.href;
  }

  cutAll(): void {
    this.#server.closeAllConnections();
  }

  async stop(): Promise<void> {
    this.weather.clear();
    this.traps.open();
    this.cutAll();
    this.#agent.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(request);
    const table = insertedTable(request.url ?? '');
    await this.weather.endure();
    const verdict = await this.traps.meet({ table, when: 'before' });
    if (verdict !== 'forward') {
      response.destroy();
      if (verdict === 'cut') return;
      await pause(verdict.lateMs);
    }
    const { status, headers, body: answer } = await this.#ask(request, body);
    await this.weather.endure();
    if ((await this.traps.meet({ table, when: 'after' })) === 'forward') {
      response.writeHead(status, headers).end(answer);
    } else {
      response.destroy();
    }
  }

  #ask({ method, url, headers }: IncomingMessage, body: Buffer): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const { 'transfer-encoding': _, ...kept } = headers;
    const target = { host: this.#target.hostname, port: this.#target.port, path: url, method };
    const outgoing = openRequest(
      { ...target, agent: this.#agent, headers: { ...kept, 'content-length': body.length } },
      (answer) => {
        buffer(answer).then((content) => {
          const { 'transfer-encoding': _chunked, connection: _hop, ...rest } = answer.headers;
          const length = { 'content-length': String(content.length) };
          resolve({ status: answer.statusCode ?? 500, headers: { ...rest, ...length }, body: content });
        }, reject);
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
    return promise;
  }
}

/** Table an INSERT goes into; empty where the statement is another, or a trial that stores nothing. */
function insertedTable(path: string): string {
  const query = new URL(path, 'http://localhost').searchParams.get('query') ?? '';
  return /^INSERT INTO cairn\.(\w+)/.exec(query)?.[1] ?? '';
}
