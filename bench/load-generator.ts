import { Agent, request } from 'node:http';

/**
 * Sends client events to a collector as fast as it answers, in bulk, over a few connections, and ends. A
 * process of its own, so that its CPU time is not taken for the pipeline's. Prints one line of JSON.
 */

const [url = '', eventsText = '0', batchText = '500', connectionsText = '8'] = process.argv.slice(2);
const target = new URL('/v1/capture', url);
const events = Number(eventsText);
const batchSize = Number(batchText);
const connections = Number(connectionsText);
const DEVICES = 50_000;
const PAGES = ['/', '/products', '/products/shoes', '/cart', '/checkout', '/thanks'];
const agent = new Agent({ keepAlive: true, maxSockets: connections });

function bodyOf(first: number): string {
  const nowMs = Date.now();
  const rows = [];
  for (let number = first; number < Math.min(first + batchSize, events); number += 1) {
    const device = 1 + ((number * 7919) % DEVICES);
    const path = PAGES[number % PAGES.length];
    const common = `"user_id":"${device}","timestamp":${nowMs},"page":{"domain":"shop.example","path":"${path}","title":"Shop"}`;
    rows.push(
      number % 4 === 0
        ? `{"type":"custom","name":"Add to Cart",${common},"properties":{"price":${number % 100},"quantity":1,"category":"shoes","currency":"EUR"}}`
        : `{"type":"${number % 4 === 1 ? 'pageview' : 'click'}",${common}}`,
    );
  }
  return `{"app_id":"11","library":"web","events":[${rows.join(',')}]}`;
}

function send(body: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = {
      'content-type': 'application/json',
      'user-agent': BROWSER,
      'content-length': Buffer.byteLength(body),
    };
    const sending = request(target, { method: 'POST', agent, headers }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode ?? 0));
    });
    sending.on('error', reject);
    sending.end(body);
  });
}

const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';
let next = 0;
let refused = 0;

async function connection(): Promise<void> {
  while (next < events) {
    const body = bodyOf(next);
    next += batchSize;
    while ((await send(body)) !== 200) refused += 1;
  }
}

const startedAt = performance.now();
await Promise.all(Array.from({ length: connections }, connection));
agent.destroy();
const { user, system } = process.cpuUsage();
process.stdout.write(
  `${JSON.stringify({ seconds: (performance.now() - startedAt) / 1000, refused, cpuSeconds: (user + system) / 1e6 })}\n`,
);
