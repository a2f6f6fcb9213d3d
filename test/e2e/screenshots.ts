/** `npm run screenshots`: pictures of the console for docs/screenshots, of a stack with a week of demo traffic. */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { findChromium, launchChromium } from '../support/browser.ts';
import { startConsoleProcess } from '../support/console-process.ts';
import { startWholeStack, type WholeStack } from '../support/whole-stack.ts';

const ROOT = join(import.meta.dirname, '../..');
const FOLDER = join(ROOT, 'docs/screenshots');
const EVENTS = 40_000;
const SIZE = { width: 1280, height: 800 };
const THEMES = ['light', 'dark'] as const;

const question = (written: object) => `q=${encodeURIComponent(JSON.stringify(written))}`;

const SHOTS: Readonly<
  Record<string, { readonly path: string; readonly ready: string; before?(page: Page): Promise<void> }>
> = {
  live: {
    path: '/live?show=taken',
    ready: 'table.live',
    before: (page) => page.locator('tbody:has(strong):has(.pair .quiet) button.expand').nth(1).click(),
  },
  user: { path: '/users?who=', ready: '.timeline' },
  funnel: {
    path: `/funnel?${question({
      ask: 'funnel',
      steps: ['pageview', 'Search Bar', 'Add to Cart', 'Completed Order'],
      within: '3d',
      from: '-30d',
      times: true,
    })}`,
    ready: 'cairn-chart svg',
  },
  retention: {
    path: `/retention?${question({ ask: 'retention', return: 'Add to Cart', from: '-30d' })}`,
    ready: 'cairn-chart svg',
  },
  trend: {
    path: `/trend?${question({
      ask: 'trend',
      series: [
        'Completed Order',
        { event: 'Add to Cart', measure: 'users' },
        { event: 'pageview', measure: 'sessions' },
      ],
      from: '-7d',
    })}`,
    ready: 'cairn-chart svg',
  },
  paths: {
    path: `/paths?${question({ ask: 'paths', point: 'Add to Cart', depth: 4, from: '-30d' })}`,
    ready: 'cairn-chart svg',
  },
  catalogue: {
    path: '/catalogue',
    ready: 'table.catalogue',
    before: (page) => page.getByRole('button', { name: 'Properties of Completed Order' }).click(),
  },
  plan: { path: '/plan', ready: '.shares' },
  health: { path: '/health', ready: 'table' },
};

const chromium = findChromium();
if (chromium === undefined) throw new Error('Cannot take pictures: there is no Chromium on this machine');
const stack = await startWholeStack([
  {
    number: 1,
    appId: '11',
    name: 'main_production',
    options: { plan: { file: join(ROOT, 'plans/industries/ecommerce.yaml') } },
  },
]);
try {
  await sendTraffic(stack);
  const server = await startConsoleProcess(stack);
  const browser = await launchChromium(chromium);
  mkdirSync(FOLDER, { recursive: true });
  const who = await someone(stack);
  for (const colorScheme of THEMES) {
    const page = await browser.newPage({ viewport: SIZE, colorScheme, reducedMotion: 'reduce' });
    for (const [name, { path, ready, before }] of Object.entries(SHOTS)) {
      await page.goto(`${server.url}${path}${name === 'user' ? who : ''}`);
      await page.locator(ready).first().waitFor();
      await before?.(page);
      await page.locator('.spinner').first().waitFor({ state: 'detached' });
      await page.screenshot({ path: join(FOLDER, `${name}-${colorScheme}.png`), animations: 'disabled' });
    }
    await page.close();
  }
  await browser.close();
  await server.stop();
} finally {
  await stack.stop();
}

async function sendTraffic(stack: WholeStack): Promise<void> {
  const { stdout } = await stack.cairn('status', '--json');
  const { services } = JSON.parse(stdout) as { services: { name: string; url: string }[] };
  const collector = services.find(({ name }) => name === 'collector')?.url ?? '';
  const { code, stderr } = await stack.cairn('demo', '--events', String(EVENTS), '--against', collector);
  if (code !== 0) throw new Error(`Cannot send the demo's traffic: ${stderr}`);
}

/** Somebody with a few devices and much to tell. */
async function someone(stack: WholeStack): Promise<string> {
  const [row] = await stack.rows<{ user_id: number }>(
    `SELECT user_id FROM cairn.resolved_events WHERE name = 'Completed Order' OR source != 'server' GROUP BY user_id
HAVING uniq(device_id) = 3 ORDER BY uniq(name) DESC, count() DESC LIMIT 1`,
  );
  return String(row?.user_id ?? '');
}
