/** The console as people use it: a whole stack, events over HTTP, and a Chromium that looks. */

import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { seriousViolations } from '../support/accessibility.ts';
import { findChromium, launchChromium } from '../support/browser.ts';
import { type ConsoleProcess, startConsoleProcess } from '../support/console-process.ts';
import { until } from '../support/until.ts';
import { startWholeStack, type WholeStack } from '../support/whole-stack.ts';

const KEY = 'key of the console';
const ENVIRONMENT = { number: 1, appId: '11', name: 'main_production' };
/** What a live event may take; measured and printed, and generous here, as the machine may be busy. */
const LIVE_WITHIN_MS = 20_000;
const PAGES = [
  '/live',
  '/users',
  '/funnel',
  '/retention',
  '/trend',
  '/paths',
  '/catalogue',
  '/plan',
  '/health',
];

/** One of each kind that has a page, with every part of an answer there is. */
const QUESTIONS = {
  funnel: { ask: 'funnel', steps: ['Signup', 'Purchase'], by: 'field.source', times: true },
  retention: { ask: 'retention', by: 'field.source' },
  trend: {
    ask: 'trend',
    series: ['Signup', { event: 'Purchase', measure: 'sum of total' }],
    formula: 'A + B',
  },
  paths: { ask: 'paths', point: 'Signup', 'one session': false },
};

const chromium = findChromium();
const skip =
  chromium === undefined
    ? 'no Chromium on this machine: apt-get install chromium, or name one in CHROMIUM'
    : false;
if (skip) process.stdout.write(`Skipped the console in a browser: ${skip}\n`);

suite('the console in a browser', { skip }, () => {
  let stack: WholeStack;
  let server: ConsoleProcess;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  /** What no page may do: errors in its console, and requests that leave the console. */
  const faults: string[] = [];

  function watch(opened: Page): void {
    opened.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') faults.push(message.text());
    });
    opened.on('pageerror', (error) => faults.push(error.message));
    opened.on('request', (request) => {
      const { protocol, origin } = new URL(request.url());
      if (origin !== server.url && protocol !== 'data:' && protocol !== 'blob:')
        faults.push(`left for ${request.url()}`);
    });
  }

  const track = (fields: object) => stack.post('/api/track', { app_id: '11', ...fields });
  const identify = (user_id: string) =>
    stack.post('/api/v1/identify', { app_id: '11', user_id, identity: 'ann@example.com' });
  const loaded = (events: number) =>
    until('the events in ClickHouse', async () => {
      const [row] = await stack
        .rows<{ n: number }>('SELECT count() AS n FROM main_production.all_events')
        .catch(() => []);
      return (row?.n ?? 0) >= events;
    });
  const cells = (row: string) => page.locator(`${row} > *`).allInnerTexts();

  before(async () => {
    stack = await startWholeStack([ENVIRONMENT]);
    server = await startConsoleProcess(stack, { CAIRN_CONSOLE_KEY: KEY });
    browser = await launchChromium(chromium as string);
    context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    page = await context.newPage();
    watch(page);
  });

  after(async () => {
    await browser?.close();
    await server?.stop();
    await stack?.stop();
  });

  test('a login by keyboard leads to the page that was asked for', async () => {
    await page.goto(`${server.url}/live`);
    assert.match(page.url(), /\/login\?next=%2Flive$/);
    await page.keyboard.type(KEY);
    await page.keyboard.press('Enter');
    await page.waitForURL(`${server.url}/live`);
    assert.equal(await page.title(), 'Live · Cairn');
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate('document.activeElement.textContent'), 'Skip to the content');
  });

  test('an event is seen live within three seconds of being sent', async (context) => {
    await page.locator('.dot.open').waitFor();
    const sentAt = performance.now();
    await track({ user_id: '101', event: 'Signup', properties: { plan: 'pro' } });
    await page.locator('td.what', { hasText: 'Signup' }).waitFor({ timeout: LIVE_WITHIN_MS });
    const tookMs = Math.round(performance.now() - sentAt);
    context.diagnostic(`seen after ${tookMs} ms`);
    process.stdout.write(`An event was seen live ${tookMs} ms after it was sent\n`);

    await page.locator('button.expand').first().click();
    assert.match(await page.locator('tr.more').innerText(), /plan\s+pro/);
    await page.getByLabel('Anything').fill('no event has this');
    await page.getByText('Nothing like that so far').waitFor();
    await page.getByLabel('Anything').fill('PRO');
    await page.locator('td.what', { hasText: 'Signup' }).waitFor();
  });

  test('somebody who identifies on two devices is one user with both in the timeline', async () => {
    await track({ user_id: '102', event: 'Looked around' });
    await identify('101');
    await identify('102');
    await track({ identity: 'ann@example.com', event: 'Purchase', properties: { total: 30 } });
    await track({ user_id: '103', event: 'Signup' });
    await loaded(4);
    await page.goto(`${server.url}/users`);
    await page.getByLabel('Identity, user id or device id').fill('ann@example.com');
    await page.keyboard.press('Enter');
    await page.waitForURL(/who=ann%40example\.com/);
    await until('both devices of one user', async () => {
      await page.reload();
      await page.locator('#who, .state[role=alert]').first().waitFor();
      const story =
        (await page.locator('.story').count()) > 0 ? await page.locator('.story').innerText() : '';
      return story.includes('Device 101') && story.includes('Device 102');
    });
    assert.equal(await page.locator('#who').innerText(), 'ann@example.com');
    for (const details of await page.locator('.timeline details:not([open]) summary').all())
      await details.click();
    const timeline = await page.locator('.timeline').innerText();
    for (const event of ['Signup', 'Looked around', 'Purchase']) assert.ok(timeline.includes(event), event);
  });

  test('a funnel asked by keyboard alone has the numbers of the command line', async () => {
    await page.goto(`${server.url}/funnel`);
    await page.locator('#event-names option').first().waitFor({ state: 'attached' });
    const main = await page.locator('#main').elementHandle();
    await main?.focus();
    await tabTo('step-1');
    await page.keyboard.type('Signup');
    await tabTo('step-2');
    await page.keyboard.type('Purchase');
    await page.keyboard.press('Enter');
    await page.locator('.headline').waitFor();
    const { stdout } = await stack.cairn('funnel', '--step', 'Signup', '--step', 'Purchase', '--json');
    const { steps } = JSON.parse(stdout) as { steps: { name: string; count: number }[] };
    assert.deepEqual(
      steps.map(({ count }) => count),
      [2, 1],
    );
    for (const [index, { name, count }] of steps.entries()) {
      const [label, users] = await cells(`table tbody tr:nth-child(${index + 1})`);
      assert.deepEqual([label, users], [`${index + 1} ${name}`, String(count)]);
    }
    const shared = page.url();
    assert.match(shared, /q=%7B%22ask/);
    await page.goto(shared);
    await page.locator('.headline').waitFor();
    assert.equal(await page.locator('#step-2').inputValue(), 'Purchase');
    await page.getByText('How this was computed').click();
    assert.match(await page.locator('.computed pre').innerText(), /SELECT/);
  });

  /** Presses Tab until an element has the focus. */
  async function tabTo(id: string): Promise<void> {
    for (let presses = 0; presses < 40; presses += 1) {
      await page.keyboard.press('Tab');
      if ((await page.evaluate('document.activeElement.id')) === id) return;
    }
    assert.fail(`Tab does not lead to ${id}`);
  }

  test('a retention has the numbers of the command line', async () => {
    await page.goto(`${server.url}/retention`);
    await page.getByRole('button', { name: 'Ask' }).click();
    await page.locator('.headline').waitFor();
    const { stdout } = await stack.cairn('retention', '--json');
    const { cohorts } = JSON.parse(stdout) as { cohorts: { cohort: string; users: number }[] };
    assert.deepEqual((await cells('table.heat tbody tr:nth-child(1)')).slice(0, 2), [
      cohorts[0]?.cohort,
      String(cohorts[0]?.users),
    ]);
  });

  test('a question that is wrong is answered in words, and the page goes on', async () => {
    const question = { ask: 'funnel', steps: ['Signup', 'Purchase'], from: '2026-03-02', to: '2026-03-01' };
    const known = faults.length;
    await page.goto(`${server.url}/funnel?q=${encodeURIComponent(JSON.stringify(question))}`);
    await page.getByRole('alert').filter({ hasText: 'the range is empty' }).waitFor();
    // The browser itself reports that the answer was an error.
    assert.ok(faults.splice(known).every((fault) => fault.includes('400')));
  });

  for (const colorScheme of ['light', 'dark'] as const) {
    test(`axe finds nothing serious on any page, ${colorScheme}`, async () => {
      await page.emulateMedia({ colorScheme });
      const asked = Object.entries(QUESTIONS).map(
        ([page, question]) => `/${page}?q=${encodeURIComponent(JSON.stringify(question))}`,
      );
      for (const path of [...PAGES, '/users?who=ann%40example.com', ...asked]) {
        await page.goto(`${server.url}${path}`);
        await page.locator('.spinner').first().waitFor({ state: 'detached' });
        if (path.includes('?q=')) await page.locator('.headline').waitFor();
        assert.deepEqual(await seriousViolations(page), [], path);
      }
      const anonymous = await browser.newContext({ colorScheme });
      const login = await anonymous.newPage();
      await login.goto(`${server.url}/login`);
      assert.deepEqual(await seriousViolations(login), [], 'login');
      await anonymous.close();
    });
  }

  test('no page had an error, or asked anything of another server', () => {
    assert.deepEqual(faults, []);
  });
});
