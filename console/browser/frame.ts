/** The parts of the frame that need a script: the theme and the choice of an environment. */

const YEAR_S = 31_536_000;

const theme = document.getElementById('theme');
const systemIsDark = matchMedia('(prefers-color-scheme: dark)');

function current(): 'light' | 'dark' {
  const chosen = document.documentElement.dataset['theme'];
  if (chosen === 'light' || chosen === 'dark') return chosen;
  return systemIsDark.matches ? 'dark' : 'light';
}

function label(): void {
  if (theme === null) return;
  const next = current() === 'dark' ? 'light' : 'dark';
  theme.textContent = next === 'dark' ? '☾' : '☀';
  theme.setAttribute('aria-label', `Switch to the ${next} theme`);
  theme.title = `Switch to the ${next} theme`;
}

theme?.addEventListener('click', () => {
  const next = current() === 'dark' ? 'light' : 'dark';
  document.documentElement.dataset['theme'] = next;
  // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is not everywhere, and the server reads this one
  document.cookie = `cairn_theme=${next}; path=/; max-age=${YEAR_S}; samesite=strict`;
  label();
  dispatchEvent(new Event('themechange'));
});
systemIsDark.addEventListener('change', () => {
  label();
  dispatchEvent(new Event('themechange'));
});
label();

document.getElementById('environment')?.addEventListener('change', (event) => {
  const url = new URL(location.href);
  url.searchParams.set('env', (event.target as HTMLSelectElement).value);
  location.assign(url);
});
