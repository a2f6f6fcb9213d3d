import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ConfigError } from '#lib/errors.ts';
import { createClientLookup, parseAgent } from './client-lookup.ts';
import { LruCache } from './lru-cache.ts';
import { tinyGeoDatabase } from './tiny-geo-database.ts';

const WEBKIT = 'AppleWebKit/537.36 (KHTML, like Gecko)';

test('parseAgent() tells browser, platform, device and bots', () => {
  const cases: [userAgent: string, want: ReturnType<typeof parseAgent>][] = [
    [
      `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${WEBKIT} Chrome/126.0.0.0 Safari/537.36`,
      { browser: 'Chrome 126', platform: 'Windows 10', device: '', deviceType: 'Desktop', isBot: false },
    ],
    [
      'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1',
      {
        browser: 'Mobile Safari 17',
        platform: 'iOS 17.5',
        device: 'iPhone',
        deviceType: 'Mobile',
        isBot: false,
      },
    ],
    [
      `Mozilla/5.0 (Linux; Android 13; SM-X910) ${WEBKIT} Chrome/124.0.0.0 Safari/537.36`,
      {
        browser: 'Chrome 124',
        platform: 'Android 13',
        device: 'SM-X910',
        deviceType: 'Tablet',
        isBot: false,
      },
    ],
    [
      'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
      { browser: '', platform: '', device: '', deviceType: '', isBot: true },
    ],
    ['', { browser: '', platform: '', device: '', deviceType: '', isBot: false }],
  ];
  for (const [userAgent, want] of cases) assert.deepEqual(parseAgent(userAgent), want, userAgent);
});

test('a client lookup writes an IPv4 address as such and cuts a user agent that is over-long', async () => {
  const lookUp = await createClientLookup('');
  const { ip, userAgent } = lookUp('x'.repeat(5000), '::ffff:192.0.2.1');
  assert.deepEqual({ ip, length: userAgent.length }, { ip: '192.0.2.1', length: 1024 });
  assert.equal(lookUp('', 'unknown').ip, '');
});

test('a client lookup says which geo database it cannot read', async () => {
  await assert.rejects(
    createClientLookup('/nowhere/geo.mmdb'),
    (error) =>
      error instanceof ConfigError &&
      /^Cannot read the geo database \/nowhere\/geo.mmdb: /.test(error.message),
  );
});

test('a client lookup finds the place of an address in the geo database', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'cairn-geo-'));
  t.after(() => rm(directory, { recursive: true }));
  const file = join(directory, 'city.mmdb');
  await writeFile(
    file,
    tinyGeoDatabase({
      country: { names: { en: 'Switzerland' } },
      subdivisions: [{ names: { en: 'Bern' } }],
      city: { names: { en: 'Thun' } },
    }),
  );
  const lookUp = await createClientLookup(file);
  const placeOf = (address: string) => {
    const { country, region, city } = lookUp('', address);
    return { country, region, city };
  };
  const thun = { country: 'Switzerland', region: 'Bern', city: 'Thun' };
  const nowhere = { country: '', region: '', city: '' };
  assert.deepEqual(['10.0.0.1', '::ffff:10.0.0.1', '192.0.2.1', ''].map(placeOf), [
    thun,
    thun,
    nowhere,
    nowhere,
  ]);
});

test('LruCache forgets what was used longest ago', () => {
  const cache = new LruCache<string, string>(2);
  const computed: string[] = [];
  const compute = (key: string) => {
    computed.push(key);
    return key.toUpperCase();
  };
  assert.deepEqual(
    ['a', 'b', 'a', 'c', 'a', 'b'].map((key) => cache.getOrAdd(key, compute)),
    ['A', 'B', 'A', 'C', 'A', 'B'],
  );
  assert.deepEqual({ computed, size: cache.size }, { computed: ['a', 'b', 'c', 'b'], size: 2 });
});
