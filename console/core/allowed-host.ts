/**
 * Whether a request's Host header names this console. A page of another site can make its own name resolve to a
 * loopback or private address (DNS rebinding) and would then be of the console's origin; it cannot do so with a bare
 * address, nor with `localhost`. Everything else has to be named by the operator.
 */
export function isAllowedHost(header: string | undefined, names: readonly string[]): boolean {
  if (header === undefined) return false;
  const host = header.toLowerCase().replace(/:\d+$/, '');
  if (host === 'localhost' || /^\[[\da-f:.]+\]$/.test(host)) return true;
  return /^\d{1,3}(\.\d{1,3}){3}$/.test(host) || names.includes(host);
}
