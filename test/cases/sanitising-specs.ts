/**
 * TruncationAndSanitizationSpec of Heap's Swift SDK (heap-swift-core-sdk, MIT), said again for Cairn: what such a client
 * leaves of properties arrives as it is, and what a client sends that leaves nothing out meets Cairn's own bounds.
 *
 * Where Cairn differs from the SDK: a name may have 1024 UTF-16 units, not 512, and is cut, not left out; a blank
 * value is a value; numbers and booleans stay what they are; a cut is between code points, so it may part a letter
 * from its accents.
 */
import assert from 'node:assert/strict';
import type { IdentityCase, TableRow } from '../support/identity-case.ts';

const CLIENT = ['client'] as const;
const KANA = 'あ';
const FAMILY = '👨‍👨‍👧‍👧';
const ACCENTED = `A${'\u0301'.repeat(40)}`;

/** Properties and flags of the only event of a case. */
async function stored(own: IdentityCase): Promise<{ properties: Record<string, unknown>; flags: string[] }> {
  const rows = await own.rows<{ properties: string; flags: string[] }>(
    `SELECT toString(properties) AS properties, flags FROM cairn.events WHERE device_id = ${own.device(1)} AND name = 'Step'`,
  );
  assert.equal(rows.length, 1);
  return { properties: JSON.parse(rows[0]!.properties), flags: rows[0]!.flags };
}

/** Sends properties as they are. */
async function sendRaw(own: IdentityCase, properties: object): Promise<void> {
  const event = { type: 'custom', name: 'Step', properties };
  assert.deepEqual(await own.post('/v1/capture', { user_id: own.device(1), events: [event] }), {
    status: 200,
    body: {},
  });
}

export const SANITISING_SPECS: readonly TableRow[] = [
  {
    name: 'TruncationAndSanitizationSpec: what the client leaves of names and values arrives unchanged',
    ways: CLIENT,
    async send(own) {
      const client = own.swiftClient();
      client.startRecording();
      client.track(
        'Step',
        {
          '\n\t key\n\t ': '\n\t value\n\t ',
          '': 'empty name',
          '   ': 'blank name',
          'empty value': '',
          'blank value': ' \n\t ',
          [KANA.repeat(512)]: 'longest name',
          [KANA.repeat(513)]: 'too long a name',
          longest: KANA.repeat(1024),
          cut: KANA.repeat(1030),
          family: KANA.repeat(1020) + FAMILY,
          accents: KANA.repeat(1000) + ACCENTED,
          number: 7.5,
          negative: -1,
          boolean: false,
          emoji: '😀',
        },
        Date.now() - 60_000,
      );
      await client.flush();
    },
    async check(own) {
      assert.deepEqual(await stored(own), {
        properties: {
          '\n\t key\n\t ': '\n\t value\n\t ',
          [KANA.repeat(512)]: 'longest name',
          longest: KANA.repeat(1024),
          cut: KANA.repeat(1024),
          family: KANA.repeat(1020),
          accents: KANA.repeat(1000),
          number: '7.5',
          negative: '-1',
          boolean: 'false',
          emoji: '😀',
        },
        flags: [],
      });
    },
  },
  {
    name: 'names of 512, 513 and 1024 units are kept, a longer one is cut to 1024 and flagged, a blank one dropped',
    ways: CLIENT,
    async send(own) {
      const names = [512, 513, 1024, 1030].map((length) =>
        'abcd'[[512, 513, 1024, 1030].indexOf(length)]!.repeat(length),
      );
      await sendRaw(own, {
        ...Object.fromEntries(names.map((name) => [name, name.length])),
        '': 1,
        ' \n ': 2,
      });
    },
    async check(own) {
      const { properties, flags } = await stored(own);
      assert.deepEqual(properties, {
        ['a'.repeat(512)]: 512,
        ['b'.repeat(513)]: 513,
        ['c'.repeat(1024)]: 1024,
        ['d'.repeat(1024)]: 1030,
      });
      assert.deepEqual(flags.toSorted(), ['key_dropped', 'key_truncated']);
    },
  },
  {
    name: 'values of 1024 units are kept, longer ones are cut to 1024 between code points and flagged, blank ones stay',
    ways: CLIENT,
    async send(own) {
      await sendRaw(own, {
        longest: KANA.repeat(1024),
        cut: KANA.repeat(1030),
        emoji: `${KANA.repeat(1023)}😀`,
        'emoji that fits': `${KANA.repeat(1022)}😀`,
        accents: KANA.repeat(1000) + ACCENTED,
        blank: '  ',
        empty: '',
        number: 7.5,
        boolean: false,
      });
    },
    async check(own) {
      assert.deepEqual(await stored(own), {
        properties: {
          longest: KANA.repeat(1024),
          cut: KANA.repeat(1024),
          emoji: KANA.repeat(1023),
          'emoji that fits': `${KANA.repeat(1022)}😀`,
          accents: `${KANA.repeat(1000)}${ACCENTED.slice(0, 24)}`,
          blank: '  ',
          empty: '',
          number: 7.5,
          boolean: false,
        },
        flags: ['value_truncated'],
      });
    },
  },
  {
    name: 'an event name of 1024 units is taken, a longer or empty one is refused with a verdict',
    ways: CLIENT,
    async send(own) {
      const events = [KANA.repeat(1024), KANA.repeat(1025), ''].map((name) => ({ type: 'custom', name }));
      const { status, body } = await own.post('/v1/capture', { user_id: own.device(1), events });
      assert.equal(status, 200);
      const { rejected } = body as { rejected: { index: number; code: string }[] };
      assert.deepEqual(
        rejected.map(({ index, code }) => [index, code]),
        [
          [1, 'event_too_long'],
          [2, 'missing_event'],
        ],
      );
    },
    async check(own) {
      const rows = await own.rows(`SELECT name FROM cairn.events WHERE device_id = ${own.device(1)}`);
      assert.deepEqual(rows, [{ name: KANA.repeat(1024) }]);
    },
  },
];
