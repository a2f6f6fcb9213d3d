/** Holds the repository to its layout: who may import whom, what core may use, how long a file may be. */

import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { breaches } from './architecture/rules.ts';
import { parseSource } from './architecture/source-file.ts';

const ROOT = new URL('..', import.meta.url);
const SOURCES = '{schemas,lib,services,infra,cli,console,queries,bench,sdk,examples,test}/**/*.{ts,mjs,js}';

function repository() {
  return globSync(SOURCES, { cwd: ROOT, exclude: ['**/node_modules/**'] }).map((path) =>
    parseSource(path, readFileSync(new URL(path, ROOT), 'utf8')),
  );
}

test('the repository keeps its own rules', () => {
  const files = repository();
  assert.ok(files.filter(({ path }) => path.includes('/core/')).length > 20, 'the files were found');
  assert.deepEqual(breaches(files), []);
});

const broken: readonly [file: string, text: string, breach: string][] = [
  [
    'lib/a.ts',
    "import { x } from '../services/a/core/x.ts';",
    ':1: lib may not import ../services/a/core/x.ts',
  ],
  ['lib/a.ts', "export * from '#infra/x.ts';", ':1: lib may not import #infra/x.ts'],
  ['lib/a.ts', "const { x } = await import('../cli/x.ts');", ':1: lib may not import ../cli/x.ts'],
  ['schemas/a.ts', "import type { X } from '#lib/x.ts';", ':1: schemas may not import #lib/x.ts'],
  ['schemas/a.ts', "import x from 'pino';", ':1: of packages schemas may import avsc alone, not pino'],
  [
    'services/a/shell/x.ts',
    "import { y } from '../../b/core/y.ts';",
    ':1: the service a may not import another, ../../b/core/y.ts',
  ],
  [
    'console/core/x.ts',
    "import '../server/y.ts';",
    ':1: core may not import ../server/y.ts: dependencies point from shell to core',
  ],
  ['console/x.ts', "import '../cli/y.ts';", ':1: console may not import ../cli/y.ts'],
  [
    'cli/x.ts',
    "import { y } from '../services/b/shell/y.ts';",
    ':1: of a service the CLI may import core/ alone, not ../services/b/shell/y.ts',
  ],
  ['cli/x.ts', "import { y } from './testing.ts';", ':1: only tests may import ./testing.ts'],
  [
    'services/a/core/x.ts',
    "import '../shell/y.ts';",
    ':1: core may not import ../shell/y.ts: dependencies point from shell to core',
  ],
  [
    'services/a/core/x.ts',
    "import { y } from 'kafkajs';",
    ':1: core may not import kafkajs: only schemas, types, and what is pure in lib',
  ],
  [
    'services/a/core/x.ts',
    "import type { Y } from 'node:fs';",
    ':1: core may not import node:fs: only schemas, types, and what is pure in lib',
  ],
  [
    'services/a/core/x.ts',
    "import { y } from '#lib/impure.ts';",
    ':1: core may not import #lib/impure.ts: lib/impure.ts imports node:fs',
  ],
  ['services/a/core/x.ts', '\nconst now = Date.now();', ':2: core may not use Date.now'],
  ['services/a/core/x.ts', 'const now = new Date();', ':1: core may not use the current Date'],
  [
    'services/a/core/x.ts',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source code
    'const text = `${"`"}${/\'/.test(a) ? Math.random() : 0}`;',
    ':1: core may not use Math.random',
  ],
  ['services/a/core/x.ts', 'setTimeout(f, 1);', ':1: core may not use setTimeout'],
  ['services/a/core/x.ts', "const e = process.env['X'];", ':1: core may not use process'],
  ['services/a/core/x.ts', 'const f = async () => 1;', ':1: core may not use async'],
  ['services/a/main.ts', '\n'.repeat(41), ': it has 41 lines, the most is 40'],
  ['test/x.test.ts', '\n'.repeat(401), ': it has 401 lines, the most is 400'],
];

for (const [path, text, breach] of broken) {
  test(`a breach is found: ${path}${breach}`, () => {
    const files = [parseSource(path, text), parseSource('lib/impure.ts', "import 'node:fs';")];
    assert.deepEqual(breaches(files), [`${path}${breach}`]);
  });
}

test('what looks like a breach and is none is let through', () => {
  const core = `
    // Date.now() and process.env are read by the shell
    import type { Logger } from '#lib/impure.ts';
    import type { Kafka } from 'kafkajs';
    import { id } from '#schemas/ids.ts';
    const text = 'Math.random()', day = new Date(0), pattern = /await process.env/;
    const step = { process: (record) => record }.process(text);
  `;
  const files = [
    parseSource('services/a/core/x.ts', core),
    parseSource('lib/impure.ts', "import 'node:fs';"),
  ];
  assert.deepEqual(breaches(files), []);
});
