import { SyntaxKind } from 'typescript/unstable/ast';
import type { SourceFile } from './source-file.ts';

/** Globals that read a clock, chance or the process, do I/O, or come back later. */
const IMPURE = new Set([
  ...['process', 'performance', 'crypto', 'console', 'globalThis', 'fetch', 'Intl', 'Temporal'],
  ...['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'Promise', 'AbortSignal'],
]);

/** What a file uses that makes its answers depend on more than its arguments, each with its line. */
export function* impuritiesOf({ tokens, lineAt }: SourceFile): Generator<{ what: string; line: number }> {
  for (const [index, { kind, text, at }] of tokens.entries()) {
    const around = (offset: number) => tokens[index + offset]?.text;
    const line = lineAt(at);
    if (kind === SyntaxKind.AwaitKeyword || kind === SyntaxKind.AsyncKeyword) yield { what: text, line };
    if (kind !== SyntaxKind.Identifier || around(-1) === '.' || around(-1) === '?.') continue;
    if (text === 'Math' && around(2) === 'random') yield { what: 'Math.random', line };
    if (text === 'Date' && around(2) === 'now') yield { what: 'Date.now', line };
    if (text === 'Date' && around(1) === '(' && (around(-1) !== 'new' || around(2) === ')'))
      yield { what: 'the current Date', line };
    // `process` alone may be a method, a parameter or a key: as an object it is the global.
    if (IMPURE.has(text) && isUse(text, around(1))) yield { what: text, line };
  }
}

function isUse(name: string, next: string | undefined): boolean {
  const isFunction = /^(set|queue|fetch)/.test(name);
  return isFunction ? next === '(' : next === '.' || next === '?.' || next === '[';
}
