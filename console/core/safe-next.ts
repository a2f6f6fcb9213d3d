/** Where to go after a login: a path of this console, never another site. */
export function safeNext(next: unknown): string {
  if (typeof next !== 'string' || !/^\/[a-z]/.test(next) || next.startsWith('/log')) return '/live';
  const url = URL.parse(next, 'http://console.invalid');
  return url?.origin === 'http://console.invalid' ? `${url.pathname}${url.search}` : '/live';
}
