/** The demo's figures must add up although every service is killed while its traffic flows. */

import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import type { DemoResult } from '../../cli/demo/report.ts';
import { readRunFile } from '../../cli/run-file.ts';
import { SERVICE_NAMES } from '../../cli/stack.ts';
import { spawnCairn } from '../support/cairn.ts';
import { until } from '../support/until.ts';

const EVENTS = 25_000;

/** A service of the demo's stack as its run file tells; `directory` is where the demo puts its data directory. */
function serviceIn(directory: string, name: string) {
  const [dataDir] = readdirSync(directory).filter((entry) => entry.startsWith('cairn-demo-'));
  const run = dataDir === undefined ? undefined : readRunFile(join(directory, dataDir));
  return run?.services.find((service) => service.name === name);
}

test('demo ends with every figure true when each service is killed with SIGKILL', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'cairn-test-'));
  const demo = spawnCairn(['demo', '--events', String(EVENTS), '--json'], { TMPDIR: directory });
  const exit = new Promise<number | null>((resolve) => demo.once('exit', resolve));
  const stdout = text(demo.stdout as NodeJS.ReadableStream);
  const stderr = text(demo.stderr as NodeJS.ReadableStream);
  try {
    const ended = exit.then((code) => {
      throw new Error(`The demo ended with ${code} before every service was killed`);
    });
    ended.catch(() => {});
    const ready = (name: string, restarts: number) => {
      const service = until(`${name} to be ready with ${restarts} restarts`, () => {
        const now = serviceIn(directory, name);
        return now?.ready === true && now.restarts >= restarts && now;
      });
      service.catch(() => {});
      return Promise.race([service, ended]);
    };
    for (const name of SERVICE_NAMES) await ready(name, 0);
    for (const name of SERVICE_NAMES) {
      const { pid, restarts } = await ready(name, 0);
      process.kill(pid, 'SIGKILL');
      await ready(name, restarts + 1);
    }
    const code = await exit;
    const result = JSON.parse((await stdout) || '{}') as Partial<DemoResult>;
    assert.deepEqual(
      { code, wrong: result.lines?.filter(({ ok }) => !ok), problems: result.problems },
      { code: 0, wrong: [], problems: [] },
      await stderr,
    );
    assert.ok(result.retries! > 0, 'requests were sent again to the collector that was killed');
    assert.deepEqual(readdirSync(directory), [], 'the data directory is gone');
  } finally {
    demo.kill('SIGTERM');
    await exit;
    rmSync(directory, { recursive: true, force: true });
  }
});
