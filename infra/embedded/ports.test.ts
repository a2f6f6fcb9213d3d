import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { test } from 'node:test';
import { claimPort, LOOPBACK } from './ports.ts';

async function takenPort(t: { after(clean: () => void): void }): Promise<number> {
  const server = createServer().listen(0, LOOPBACK);
  await once(server, 'listening');
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

test('claimPort() names the port, the program and the remedy where the port is taken', async (t) => {
  const port = await takenPort(t);
  await assert.rejects(claimPort(port, 'CAIRN_KAFKA_PORT', 'Kafka'), {
    name: 'ConfigError',
    message: `Cannot start Kafka: port ${port} is in use by another program. Stop that program, or set CAIRN_KAFKA_PORT to another port (0 picks a free one)`,
  });
});

test('claimPort() picks a port that can be listened on for 0, and keeps a free one', async () => {
  const port = await claimPort(0, 'CAIRN_KAFKA_PORT', 'Kafka');
  assert.equal(await claimPort(port, 'CAIRN_KAFKA_PORT', 'Kafka'), port);
});
