import type { EnvironmentOptions } from '#lib/config/environments.ts';
import { type Refusal, refuse } from './verdict.ts';

/** What is known of the client behind a request, looked up once when it arrives. */
export type Client = {
  readonly ip: string;
  readonly userAgent: string;
  /** Browser and major version. */
  readonly browser: string;
  /** Operating system and version. */
  readonly platform: string;
  readonly device: string;
  readonly deviceType: string;
  readonly isBot: boolean;
  readonly country: string;
  readonly region: string;
  readonly city: string;
};

/** Of a server's own request nothing is known about the user's device. */
export const NO_CLIENT: Client = {
  ip: '',
  userAgent: '',
  browser: '',
  platform: '',
  device: '',
  deviceType: '',
  isBot: false,
  country: '',
  region: '',
  city: '',
};

/** Why an environment wants nothing from this client; undefined where it does. */
export function refuseClient(client: Client, options: EnvironmentOptions): Refusal | undefined {
  if (client.isBot && options.bots === 'drop') {
    return refuse(
      'bot',
      'Cannot accept the event: the user agent is on the bot list and the environment drops bots',
    );
  }
  if (client.ip !== '' && options.excludedIps.some((pattern) => matchesAddress(pattern, client.ip))) {
    return refuse(
      'excluded_ip',
      'Cannot accept the event: the environment excludes the address it came from',
    );
  }
  return undefined;
}

/** True where the address is the pattern, `*` in it standing for any run of characters. */
export function matchesAddress(pattern: string, address: string): boolean {
  const [first, ...rest] = pattern.split('*') as [string, ...string[]];
  const last = rest.pop();
  if (last === undefined) return pattern === address;
  if (!address.startsWith(first) || address.length < first.length + last.length) return false;
  let at = first.length;
  for (const part of rest) {
    const found = address.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return address.endsWith(last) && address.length - last.length >= at;
}
