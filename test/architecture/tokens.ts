import { createScanner, LanguageVariant, SyntaxKind } from 'typescript/unstable/ast';

export type Token = { readonly kind: SyntaxKind; readonly text: string; readonly at: number };

/** Tokens after which a slash divides; after any other one it opens a regular expression. */
const ENDS_A_VALUE: ReadonlySet<SyntaxKind> = new Set([
  SyntaxKind.Identifier,
  SyntaxKind.NumericLiteral,
  SyntaxKind.BigIntLiteral,
  SyntaxKind.StringLiteral,
  SyntaxKind.NoSubstitutionTemplateLiteral,
  SyntaxKind.TemplateTail,
  SyntaxKind.RegularExpressionLiteral,
  SyntaxKind.CloseParenToken,
  SyntaxKind.CloseBracketToken,
  SyntaxKind.CloseBraceToken,
  SyntaxKind.ThisKeyword,
]);

/** The tokens of a TypeScript file, without comments. A string's text is its value. */
export function tokensOf(text: string): readonly Token[] {
  const scanner = createScanner(true, LanguageVariant.Standard, text);
  const tokens: Token[] = [];
  /** Braces open in each template literal that is being read, the innermost last. */
  const templates: number[] = [];
  for (;;) {
    let kind = scanner.scan();
    if (kind === SyntaxKind.EndOfFile) return tokens;
    const previous = tokens.at(-1)?.kind;
    if (kind === SyntaxKind.SlashToken || kind === SyntaxKind.SlashEqualsToken) {
      if (previous === undefined || !ENDS_A_VALUE.has(previous)) kind = scanner.reScanSlashToken();
    }
    const open = templates.length - 1;
    if (open >= 0 && kind === SyntaxKind.OpenBraceToken) templates[open]!++;
    if (open >= 0 && kind === SyntaxKind.CloseBraceToken && templates[open]!-- === 0) {
      kind = scanner.reScanTemplateToken(false);
      templates.pop();
    }
    if (kind === SyntaxKind.TemplateHead || kind === SyntaxKind.TemplateMiddle) templates.push(0);
    const isString = kind === SyntaxKind.StringLiteral;
    tokens.push({
      kind,
      text: isString ? scanner.getTokenValue() : scanner.getTokenText(),
      at: scanner.getTokenStart(),
    });
  }
}
