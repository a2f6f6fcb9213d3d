import { createHash } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const CONSOLE = join(import.meta.dirname, '..');
const PACKAGES = join(CONSOLE, '..', 'node_modules');

/**
 * Every file of a package that browsers may have, and nothing else of node_modules. What the modules below import is
 * listed too; a test follows the imports.
 */
export const PACKAGE_FILES: readonly string[] = [
  '@lit/reactive-element/css-tag.js',
  '@lit/reactive-element/reactive-element.js',
  '@picocss/pico/css/pico.slate.min.css',
  'echarts/dist/echarts.esm.min.mjs',
  'lit-element/lit-element.js',
  'lit-html/directive.js',
  'lit-html/directives/repeat.js',
  'lit-html/directive-helpers.js',
  'lit-html/is-server.js',
  'lit-html/lit-html.js',
  'lit/directives/repeat.js',
  'lit/index.js',
];

/** Names by which modules import each other, as the import map of every page has them. */
export function importMap(base: string): Readonly<Record<'imports', Readonly<Record<string, string>>>> {
  return {
    imports: {
      lit: `${base}/packages/lit/index.js`,
      'lit/directives/repeat.js': `${base}/packages/lit/directives/repeat.js`,
      'lit-html': `${base}/packages/lit-html/lit-html.js`,
      'lit-html/is-server.js': `${base}/packages/lit-html/is-server.js`,
      'lit-html/directives/repeat.js': `${base}/packages/lit-html/directives/repeat.js`,
      'lit-element/lit-element.js': `${base}/packages/lit-element/lit-element.js`,
      '@lit/reactive-element': `${base}/packages/@lit/reactive-element/reactive-element.js`,
      echarts: `${base}/packages/echarts/dist/echarts.esm.min.mjs`,
    },
  };
}

export type Asset = {
  readonly type: string;
  readonly etag: string;
  readonly content: Buffer;
  readonly gzipped: Buffer;
};

export type Assets = {
  /** Path under which this build of the assets is served; another content has another. */
  readonly base: string;
  /** The asset of a path below the base; undefined for everything that is not on the list. */
  find(path: string): Asset | undefined;
};

/**
 * What browsers load. There is no build: TypeScript loses its types when it is first asked for. A path is looked up in a
 * list made at the start and never joined to a directory, so that none leads out of it.
 */
export function openAssets(): Assets {
  const files = new Map<string, string>();
  for (const path of globSync('**/*.{ts,css,svg}', { cwd: join(CONSOLE, 'browser') }))
    if (!path.endsWith('.test.ts')) files.set(`browser/${path}`, join(CONSOLE, 'browser', path));
  for (const path of PACKAGE_FILES) files.set(`packages/${path}`, join(PACKAGES, path));
  const version = createHash('sha256');
  for (const [path, file] of [...files].sort()) version.update(path).update(readFileSync(file));
  const ready = new Map<string, Asset>();
  return {
    base: `/assets/${version.digest('hex').slice(0, 12)}`,
    find(path) {
      const file = files.get(path);
      if (file === undefined) return undefined;
      const known = ready.get(path);
      if (known !== undefined) return known;
      const asset = makeAsset(path, file);
      ready.set(path, asset);
      return asset;
    },
  };
}

const TYPES: Readonly<Record<string, string>> = {
  ts: 'text/javascript; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  mjs: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
};

function makeAsset(path: string, file: string): Asset {
  const source = readFileSync(file);
  const content = path.endsWith('.ts') ? Buffer.from(withoutTypes(source.toString())) : source;
  const hash = createHash('sha256').update(content).digest('base64url').slice(0, 22);
  return {
    type: TYPES[path.slice(path.lastIndexOf('.') + 1)] ?? 'application/octet-stream',
    etag: `"${hash}"`,
    content,
    gzipped: gzipSync(content),
  };
}

/** The function is marked as experimental, and says so in the terminal of whoever starts the console. */
function withoutTypes(source: string): string {
  const { emitWarning } = process;
  process.emitWarning = () => undefined;
  try {
    return stripTypeScriptTypes(source, { mode: 'strip' });
  } finally {
    process.emitWarning = emitWarning;
  }
}
