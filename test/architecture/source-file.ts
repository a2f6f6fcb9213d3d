import { posix } from 'node:path';
import { SyntaxKind } from 'typescript/unstable/ast';
import { type Token, tokensOf } from './tokens.ts';

export type Import = {
  /** As written: `./x.ts`, `#lib/errors.ts`, `node:fs`, `kafkajs`. */
  readonly specifier: string;
  /** Path in the repository, or the specifier itself where it names a package. */
  readonly target: string;
  /** Of types alone: gone when the program runs. */
  readonly typeOnly: boolean;
  readonly line: number;
};

export type SourceFile = {
  /** From the root of the repository. */
  readonly path: string;
  readonly lines: number;
  readonly tokens: readonly Token[];
  readonly imports: readonly Import[];
  lineAt(position: number): number;
};

export function parseSource(path: string, text: string): SourceFile {
  const tokens = tokensOf(text);
  const lineAt = (position: number) => text.slice(0, position).split('\n').length;
  return {
    path,
    lines: text.split('\n').length - (text.endsWith('\n') ? 1 : 0),
    tokens,
    imports: [...importsOf(path, tokens, lineAt)],
    lineAt,
  };
}

function* importsOf(
  path: string,
  tokens: readonly Token[],
  lineAt: (position: number) => number,
): Generator<Import> {
  for (const [index, { kind, at }] of tokens.entries()) {
    if (kind !== SyntaxKind.ImportKeyword && kind !== SyntaxKind.ExportKeyword) continue;
    const found = moduleNamed(tokens, index);
    if (found === undefined) continue;
    const typeOnly = tokens[index + 1]?.kind === SyntaxKind.TypeKeyword;
    yield { specifier: found, target: targetOf(path, found), typeOnly, line: lineAt(at) };
  }
}

/** What the import or export at `index` names; undefined where it is a declaration's. */
function moduleNamed(tokens: readonly Token[], index: number): string | undefined {
  for (let at = index + 1; at < tokens.length; at++) {
    const { kind, text } = tokens[at]!;
    const before = tokens[at - 1]!.kind;
    if (kind === SyntaxKind.StringLiteral) {
      const names =
        before === SyntaxKind.FromKeyword ||
        before === SyntaxKind.ImportKeyword ||
        (before === SyntaxKind.OpenParenToken && at === index + 2);
      return names ? text : undefined;
    }
    if (kind === SyntaxKind.SemicolonToken || kind === SyntaxKind.EqualsToken) return undefined;
    if (kind === SyntaxKind.OpenParenToken && at !== index + 1) return undefined;
  }
  return undefined;
}

function targetOf(path: string, specifier: string): string {
  if (specifier.startsWith('.')) return posix.join(posix.dirname(path), specifier);
  return specifier.startsWith('#') ? specifier.slice(1) : specifier;
}
