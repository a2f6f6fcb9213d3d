import { importMap } from './assets.ts';
import { PAGES, type Page } from './pages.ts';

export type Theme = 'light' | 'dark' | undefined;

type Frame = {
  /** Where this build of the assets is served. */
  readonly base: string;
  /** For the one inline script, the import map. */
  readonly nonce: string;
  /** What the person chose; undefined = as the system says. */
  readonly theme: Theme;
};

/** A page with its navigation. What it shows is filled in by its module. */
export function shellPage(
  page: Page,
  frame: Frame & {
    readonly environments: readonly string[];
    readonly environment: string;
    /** Empty where nobody has logged in. */
    readonly who: string;
    readonly canLogOut: boolean;
  },
): string {
  const { environment, environments, who, canLogOut } = frame;
  const query = environments.length > 1 ? `?env=${encodeURIComponent(environment)}` : '';
  const links = PAGES.map(
    ({ path, title, name }) =>
      `<li><a href="${path}${query}"${name === page.name ? ' aria-current="page"' : ''}>${title}</a></li>`,
  ).join('');
  const choice = environments
    .map((name) => `<option${name === environment ? ' selected' : ''}>${escapeHtml(name)}</option>`)
    .join('');
  return documentOf(
    `${page.title} · Cairn`,
    page.name,
    frame,
    `<header class="bar">
<a class="brand" href="/live${query}">${MARK}<span>Cairn</span></a>
<nav aria-label="Pages"><ul>${links}</ul></nav>
<div class="tools">
<label class="environment"><span class="quiet">Environment</span> <select id="environment" autocomplete="off">${choice}</select></label>
<button type="button" id="theme" class="plain" aria-label="Theme" title="Light or dark"></button>
${who === '' ? '' : `<span class="quiet who">${escapeHtml(who)}</span>`}
${canLogOut ? '<form method="post" action="/logout"><button type="submit" class="plain">Log out</button></form>' : ''}
</div>
</header>
<main id="main" tabindex="-1" data-environment="${escapeHtml(environment)}">
<div class="title"><h1>${page.title}</h1><p class="quiet">${page.about}</p></div>
<div id="page"><p class="state" role="status">Loading …</p></div>
<noscript><p class="state">The console needs JavaScript.</p></noscript>
</main>`,
  );
}

/** The form that asks for a key. It works without JavaScript. */
export function loginPage(
  frame: Frame & { readonly next: string; readonly problem: string; readonly hasKeys: boolean },
): string {
  const { next, problem, hasKeys } = frame;
  const form = hasKeys
    ? `<form method="post" action="/login">
<input type="hidden" name="next" value="${escapeHtml(next)}">
<label for="key">API key</label>
<input id="key" name="key" type="password" autocomplete="current-password" required autofocus spellcheck="false"${problem === '' ? '' : ' aria-invalid="true"'} aria-describedby="key-help${problem === '' ? '' : ' problem'}">
<p class="quiet" id="key-help">The console's key, or the key of one environment.</p>
${problem === '' ? '' : `<p class="problem" id="problem" role="alert">${escapeHtml(problem)}</p>`}
<button type="submit">Log in</button>
</form>`
    : '<p>Come in through the reverse proxy that stands before this console: it says who you are.</p>';
  return documentOf(
    'Log in · Cairn',
    'login',
    frame,
    `<main id="main" class="login" tabindex="-1">${MARK}<h1>Cairn</h1>${form}</main>`,
  );
}

const MARK =
  '<svg class="mark" viewBox="0 0 24 24" width="22" height="22" aria-hidden="true"><ellipse cx="12" cy="19.5" rx="9" ry="3"/><ellipse cx="12.6" cy="13.2" rx="6.4" ry="2.7"/><ellipse cx="11.6" cy="7.8" rx="4.2" ry="2.2"/><ellipse cx="12.4" cy="3.6" rx="2.2" ry="1.6"/></svg>';

function documentOf(title: string, module: string, { base, nonce, theme }: Frame, body: string): string {
  return `<!doctype html>
<html lang="en"${theme === undefined ? '' : ` data-theme="${theme}"`}>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="icon" href="${base}/browser/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="${base}/packages/@picocss/pico/css/pico.slate.min.css">
<link rel="stylesheet" href="${base}/browser/console.css">
<link rel="stylesheet" href="${base}/browser/parts.css">
<script type="importmap" nonce="${nonce}">${JSON.stringify(importMap(base))}</script>
<script type="module" src="${base}/browser/pages/${module}.ts"></script>
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
${body}
</body>
</html>
`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}
