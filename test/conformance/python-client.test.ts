/** PyPI heapapi, unmodified, against the collector. Installed for the test into a directory of its own. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { collectedCodec } from '#schemas/codec.ts';
import { canonicalUserId, eventIdOfKey } from '#schemas/ids.ts';
import { createTestServer } from '../../services/collector/shell/testing.ts';

const run = promisify(execFile);
const PYTHON = process.platform === 'win32' ? 'python' : 'python3';
const REQUIREMENTS = fileURLToPath(new URL('python-requirements.txt', import.meta.url));
const DRIVER = fileURLToPath(new URL('python-client.driver.py', import.meta.url));

/** Why the client cannot be installed here; empty where it was. In CI that is a failure, not a reason to skip. */
async function install(directory: string): Promise<string> {
  try {
    await run(PYTHON, [
      '-m',
      'pip',
      'install',
      '--quiet',
      '--target',
      directory,
      '--requirement',
      REQUIREMENTS,
    ]);
    return '';
  } catch (error) {
    if (process.env['CI'] === 'true') throw error;
    return `Cannot install the Python client: ${(error as Error).message.split('\n', 2).join(' ')}`;
  }
}

test('the Python client heapapi: what it sends is logged, what is refused it is told', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'cairn-python-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const reason = await install(directory);
  if (reason !== '') {
    t.skip(reason);
    return;
  }
  const server = createTestServer();
  t.after(() => server.app.close());
  await server.app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = server.app.server.address() as AddressInfo;
  const { stdout } = await run(PYTHON, [DRIVER], {
    env: { ...process.env, PYTHONPATH: directory, COLLECTOR_URL: `http://127.0.0.1:${port}` },
  });

  const accepted = { status: 200, body: {} };
  assert.deepEqual(JSON.parse(stdout), {
    track: accepted,
    track_bare: accepted,
    track_refused: {
      raised: 400,
      body: {
        error: 'placeholder_identity',
        message:
          'Cannot accept identity "undefined": it is a placeholder, and everyone who sends it would become one user',
      },
    },
    properties: accepted,
    bulk_track: [accepted, accepted],
    bulk_properties: [
      {
        status: 200,
        body: {
          rejected: [
            {
              index: 3,
              code: 'missing_identity',
              message: 'Cannot accept user properties: the row has no identity',
            },
          ],
        },
      },
    ],
    unknown_app: {
      raised: 400,
      body: {
        error: 'unknown_app_id',
        message: 'Cannot accept the request: no environment has app_id "test-app-id"',
      },
    },
  });

  const logged = server.publisher.records.map(({ value }) => collectedCodec.decode(value));
  const single = logged.filter(({ name }) => name !== 'Bulk');
  assert.deepEqual(
    single.map(({ kind, device_id, properties }) => ({ kind, device_id, properties })),
    [
      ['event', 'a@b.c', '{"plan":"pro","price":9.5,"trial":true}'],
      ['event', '42', '{}'],
      ['user_properties', 'a@b.c', '{"tags":"x||y"}'],
      ['user_properties', 'user-0@b.c', '{"number":0}'],
      ['user_properties', 'user-1@b.c', '{"number":1}'],
      ['user_properties', 'user-2@b.c', '{"number":2}'],
    ].map(([kind, identity, properties]) => ({ kind, device_id: canonicalUserId(1, identity!), properties })),
  );
  assert.deepEqual(
    logged.filter(({ name }) => name === 'Bulk').map(({ event_id }) => event_id),
    Array.from({ length: 1500 }, (_, number) => eventIdOfKey(1, String(number))),
  );
});
