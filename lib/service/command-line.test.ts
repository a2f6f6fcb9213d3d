import assert from 'node:assert/strict';
import { test } from 'node:test';
import { integer, text } from '#lib/config/parsers.ts';
import { readCommandLine, settingsTable } from './command-line.ts';

const SPEC = {
  CAIRN_PORT: { doc: 'Port to listen on.', parse: integer(0, 65535), default: 8080 },
  CAIRN_TOKEN: { doc: 'Secret of the door.', parse: text, default: '', secret: true },
};

test('readCommandLine() reads the configuration where no flag is given', () => {
  assert.deepEqual(readCommandLine(SPEC, [], { CAIRN_PORT: '81' }), {
    config: { CAIRN_PORT: 81, CAIRN_TOKEN: '' },
  });
});

test('readCommandLine() answers --print-config with secrets hidden', () => {
  assert.deepEqual(readCommandLine(SPEC, ['--print-config'], { CAIRN_TOKEN: 'x' }), {
    exitCode: 0,
    stdout: 'CAIRN_PORT=8080\nCAIRN_TOKEN=***\n',
    stderr: '',
  });
});

test('readCommandLine() answers --help even where a setting is wrong', () => {
  assert.deepEqual(readCommandLine(SPEC, ['--help'], { CAIRN_PORT: 'x' }), {
    exitCode: 0,
    stdout:
      'Usage: main.ts [--help] [--print-config]\n\nSettings are environment variables:\n\n' +
      '  CAIRN_PORT (default `8080`)\n      Port to listen on.\n' +
      '  CAIRN_TOKEN (default none)\n      Secret of the door.\n',
    stderr: '',
  });
});

test('readCommandLine() names a wrong setting and ends with 78', () => {
  assert.deepEqual(readCommandLine(SPEC, [], { CAIRN_PORT: 'x' }), {
    exitCode: 78,
    stdout: '',
    stderr: 'Cannot read CAIRN_PORT: want a whole number from 0 to 65535, current value is "x"\n',
  });
});

test('readCommandLine() names an unknown argument and ends with 2', () => {
  assert.deepEqual(readCommandLine(SPEC, ['--port'], {}), {
    exitCode: 2,
    stdout: '',
    stderr:
      'Cannot read the command line: unknown argument --port\nUsage: main.ts [--help] [--print-config]\n',
  });
});

test('settingsTable() has one row for each setting', () => {
  assert.equal(
    settingsTable(SPEC),
    '| variable | default | meaning |\n|---|---|---|\n' +
      '| `CAIRN_PORT` | `8080` | Port to listen on. |\n' +
      '| `CAIRN_TOKEN` | none | Secret of the door. |',
  );
});
