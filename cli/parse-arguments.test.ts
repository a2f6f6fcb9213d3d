import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defineCommand } from './command.ts';
import { parseArguments } from './parse-arguments.ts';
import { UsageError } from './usage-error.ts';

const command = defineCommand({
  usage: '',
  about: '',
  options: {
    step: { type: 'string', multiple: true, value: 'NAME', doc: '' },
    within: { type: 'string', value: 'DURATION', doc: '' },
    json: { type: 'boolean', doc: '' },
  },
  maxArguments: 1,
  examples: [],
  run: async () => 0,
});

test('parseArguments() reads options in any order, which it keeps, lists, and what is no option', () => {
  assert.deepEqual(parseArguments(command, ['--step', 'A', '-', '--json', '--step=B', '--within', '7d']), {
    values: { step: ['A', 'B'], within: '7d', json: true },
    positionals: ['-'],
    given: [
      { option: 'step', value: 'A' },
      { option: 'step', value: 'B' },
      { option: 'within', value: '7d' },
    ],
  });
});

test('parseArguments() gives options that were left out their empty value', () => {
  assert.deepEqual(parseArguments(command, []).values, { step: [], within: undefined, json: false });
});

test('parseArguments() takes everything after -- as it is', () => {
  assert.deepEqual(parseArguments(command, ['--', '--json']).positionals, ['--json']);
});

const refused: [args: string[], message: RegExp][] = [
  [['--jsn'], /Unknown option --jsn; did you mean --json\?/],
  [['--constructor'], /Unknown option --constructor/],
  [['-x'], /Unknown option -x/],
  [['--json=yes'], /--json takes no value/],
  [['--within'], /--within needs a value: --within DURATION/],
  [['--within', '1d', '--within', '2d'], /--within is given twice/],
  [['a', 'b'], /Unexpected argument "b"/],
];

for (const [args, message] of refused) {
  test(`parseArguments() refuses ${args.join(' ')}`, () => {
    assert.throws(
      () => parseArguments(command, args),
      (error: Error) => error instanceof UsageError && message.test(error.message),
    );
  });
}
