import { impuritiesOf } from './impure.ts';
import type { Import, SourceFile } from './source-file.ts';

const LONGEST_FILE = 400;
const LONGEST_MAIN = 40;

/** Folders each part of the repository may import from, beside itself. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  schemas: [],
  lib: ['schemas'],
  plans: ['schemas', 'lib'],
  queries: ['schemas', 'lib', 'plans'],
  infra: ['schemas', 'lib'],
  services: ['schemas', 'lib', 'plans'],
  console: ['schemas', 'lib', 'queries', 'plans'],
  cli: ['schemas', 'lib', 'queries', 'plans', 'infra', 'services', 'bench', 'console'],
};
const FOLDERS = [...Object.keys(MAY_IMPORT), 'bench', 'test', 'sdk', 'examples'];

/**
 * Every breach of the rules by which the repository hangs together, as `path:line: what is wrong`. Tests and what
 * they alone use (`testing.ts`) may import anything.
 */
export function breaches(files: readonly SourceFile[]): string[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  return files.flatMap((file) => [
    ...sizeBreaches(file),
    ...(isForTests(file.path) ? [] : importBreaches(file)),
    ...(isCore(file.path) && !isForTests(file.path) ? coreBreaches(file, byPath) : []),
  ]);
}

function isForTests(path: string): boolean {
  return /(\.test|\/testing)\.ts$/.test(path) || path.startsWith('test/');
}

function isCore(path: string): boolean {
  return /^(services\/[^/]+|console|plans)\/core\//.test(path);
}

function* sizeBreaches({ path, lines }: SourceFile): Generator<string> {
  const most = /(^|\/)main\.ts$/.test(path) ? LONGEST_MAIN : LONGEST_FILE;
  if (lines > most) yield `${path}: it has ${lines} lines, the most is ${most}`;
}

function* importBreaches({ path, imports }: SourceFile): Generator<string> {
  const folder = folderOf(path);
  const allowed = MAY_IMPORT[folder];
  for (const { specifier, target, line } of imports) {
    const at = `${path}:${line}`;
    if (isForTests(target)) yield `${at}: only tests may import ${specifier}`;
    const other = folderOf(target);
    if (allowed === undefined || !FOLDERS.includes(other)) continue;
    if (other !== folder && !allowed.includes(other)) yield `${at}: ${folder} may not import ${specifier}`;
    if (other !== 'services') continue;
    const [own, theirs] = [serviceOf(path), serviceOf(target)];
    if (folder === 'services' && own !== theirs)
      yield `${at}: the service ${own} may not import another, ${specifier}`;
    if (folder === 'cli' && !isCore(target))
      yield `${at}: of a service the CLI may import core/ alone, not ${specifier}`;
  }
  if (folder !== 'schemas') return;
  for (const { specifier, line } of imports) {
    if (isPackage(specifier) && specifier !== 'avsc')
      yield `${path}:${line}: of packages schemas may import avsc alone, not ${specifier}`;
  }
}

function* coreBreaches(file: SourceFile, byPath: ReadonlyMap<string, SourceFile>): Generator<string> {
  for (const { what, line } of impuritiesOf(file)) yield `${file.path}:${line}: core may not use ${what}`;
  for (const imported of file.imports) {
    const reason = whyNotForCore(imported, serviceOf(file.path), byPath);
    if (reason !== '')
      yield `${file.path}:${imported.line}: core may not import ${imported.specifier}${reason}`;
  }
}

const OUTWARD = ': dependencies point from shell to core';

/** Why core may not import this; empty where it may. */
function whyNotForCore(
  { target, typeOnly, specifier }: Import,
  service: string,
  byPath: ReadonlyMap<string, SourceFile>,
): string {
  const folder = folderOf(target);
  if (folder === 'schemas') return '';
  if (folder === 'console') return target.startsWith('console/core/') ? '' : OUTWARD;
  if (folder === 'services') {
    return target.startsWith(`services/${service}/core/`) ? '' : OUTWARD;
  }
  if (target.startsWith('plans/core/')) return '';
  if (typeOnly && !specifier.startsWith('node:')) return '';
  if (folder !== 'lib') return ': only schemas, types, and what is pure in lib';
  return whyImpure(target, byPath);
}

/** Why a file of lib is not pure itself, or by what it imports; empty where it is. */
function whyImpure(path: string, byPath: ReadonlyMap<string, SourceFile>): string {
  const file = byPath.get(path);
  if (file === undefined) return `: there is no file ${path}`;
  for (const { what, line } of impuritiesOf(file)) return `: it uses ${what} (line ${line})`;
  for (const { target, typeOnly, specifier } of file.imports) {
    if (typeOnly || folderOf(target) === 'schemas') continue;
    if (isPackage(specifier) || specifier.startsWith('node:')) return `: ${path} imports ${specifier}`;
    const reason = whyImpure(target, byPath);
    if (reason !== '') return reason;
  }
  return '';
}

function folderOf(path: string): string {
  return path.split('/')[0] ?? '';
}

function serviceOf(path: string): string {
  return path.split('/')[1] ?? '';
}

/** Whether a specifier names a package of npm. */
function isPackage(specifier: string): boolean {
  return !/^(\.|#|node:)/.test(specifier);
}
