import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';

const RUN_SERVICE = new URL('./run-service.ts', import.meta.url).href;
const LOGGER = new URL('./logger.ts', import.meta.url).href;

/** Exit code of a service whose start or life ends as the code says. */
async function exitCodeOfService(start: string): Promise<number> {
  const program = `
    import { runService } from '${RUN_SERVICE}';
    import { createLogger } from '${LOGGER}';
    const lost = Object.assign(new Error('Closed connection'), { name: 'KafkaJSConnectionClosedError' });
    await runService(createLogger('x', 'silent'), async () => { ${start} });`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    cwd: new URL('../..', import.meta.url).pathname,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [code] = (await once(child, 'exit')) as [number];
  return code;
}

test('runService() asks to be started again where Kafka went away during the start', async () => {
  assert.equal(await exitCodeOfService('throw lost;'), 75);
});

test('runService() holds any other error of a start, and the same one later, for a bug', async () => {
  assert.equal(await exitCodeOfService('throw new TypeError("x");'), 70);
  const later = 'return { url: "http://x", failed: Promise.reject(lost), stop: async () => undefined };';
  assert.equal(await exitCodeOfService(later), 70);
});
