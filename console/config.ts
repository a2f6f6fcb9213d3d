import { isIP } from 'node:net';
import { duration } from '#lib/config/duration.ts';
import { port, text } from '#lib/config/parsers.ts';
import type { ConfigOf, Setting } from '#lib/config/spec.ts';
import { QUERY_SETTINGS } from '#queries/query-settings.ts';

/** Settings of the console. */
export const CONSOLE_SETTINGS = {
  CAIRN_CONSOLE_HOST: {
    doc: 'Address to listen on. Any but loopback wants a login.',
    parse: text,
    default: '127.0.0.1',
  } satisfies Setting<string>,
  CAIRN_CONSOLE_PORT: {
    doc: 'Port to listen on; 0 picks a free one.',
    parse: port,
    default: 8090,
  } satisfies Setting<number>,
  CAIRN_CONSOLE_KEY: {
    doc: 'Key that lets into every environment. The `apiKey` of an environment lets into that one.',
    parse: text,
    default: '',
    secret: true,
  } satisfies Setting<string>,
  CAIRN_CONSOLE_SESSION: {
    doc: 'How long a login lasts.',
    parse: duration('1m', '90d'),
    default: '12h',
  } satisfies Setting<string>,
  CAIRN_CONSOLE_TRUSTED_HEADER: {
    doc: 'Header in which a reverse proxy names the person it let in, such as `X-Forwarded-User`.',
    parse: headerName,
    default: '',
  } satisfies Setting<string>,
  CAIRN_CONSOLE_TRUSTED_PROXIES: {
    doc: 'Addresses and networks (`10.0.0.0/8`), comma-separated, from which that header is believed.',
    parse: networks,
    default: [] as readonly string[],
  } satisfies Setting<readonly string[]>,
  CAIRN_CONSOLE_HOSTS: {
    doc: 'Host names under which browsers may reach the console, comma-separated, beside `localhost` and bare addresses.',
    parse: names,
    default: [] as readonly string[],
  } satisfies Setting<readonly string[]>,
  ...QUERY_SETTINGS,
} as const;

export type ConsoleConfig = ConfigOf<typeof CONSOLE_SETTINGS>;

function list(value: string): readonly string[] {
  return value
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}

function headerName(value: string): string {
  if (!/^[\w-]+$/.test(value)) throw new Error('want the name of a header such as X-Forwarded-User');
  return value.toLowerCase();
}

function names(value: string): readonly string[] {
  const all = list(value).map((name) => name.toLowerCase());
  if (!all.every((name) => /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(name)))
    throw new Error('want host names without port, comma-separated');
  return all;
}

function networks(value: string): readonly string[] {
  const all = list(value);
  for (const network of all) {
    const [address = '', bits, ...rest] = network.split('/');
    const family = isIP(address);
    const isRange = bits === undefined || (/^\d+$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
    if (family === 0 || !isRange || rest.length > 0)
      throw new Error('want addresses and networks such as 10.0.0.0/8, comma-separated');
  }
  return all;
}
