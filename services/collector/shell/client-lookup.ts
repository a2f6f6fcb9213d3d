import { isIP } from 'node:net';
import { isbot } from 'isbot';
import { type CityResponse, open, type Reader } from 'maxmind';
import { UAParser } from 'my-ua-parser';
import { ConfigError } from '#lib/errors.ts';
import type { Client } from '../core/client.ts';
import { LruCache } from './lru-cache.ts';

const MAX_USER_AGENTS = 10_000;
const MAX_USER_AGENT_LENGTH = 1024;

export type ClientLookup = (userAgent: string, ip: string) => Client;

type Agent = Pick<Client, 'browser' | 'platform' | 'device' | 'deviceType' | 'isBot'>;
type Place = Pick<Client, 'country' | 'region' | 'city'>;

/** Looks up what a user agent and an address say. Throws ConfigError where the geo database cannot be read. */
export async function createClientLookup(geoDatabase: string): Promise<ClientLookup> {
  const geo = geoDatabase === '' ? undefined : await openGeoDatabase(geoDatabase);
  const agents = new LruCache<string, Agent>(MAX_USER_AGENTS);
  return (rawUserAgent, rawIp) => {
    const userAgent = rawUserAgent.slice(0, MAX_USER_AGENT_LENGTH);
    const ip = addressOf(rawIp);
    const { browser, platform, device, deviceType, isBot } = agents.getOrAdd(userAgent, parseAgent);
    const { country, region, city } = geo === undefined ? NOWHERE : placeOf(geo, ip);
    return { ip, userAgent, browser, platform, device, deviceType, isBot, country, region, city };
  };
}

/** The address, IPv4 as such; empty where a proxy wrote something else. */
function addressOf(text: string): string {
  const address = text.startsWith('::ffff:') ? text.slice(7) : text;
  return isIP(address) === 0 ? '' : address;
}

const NOWHERE: Place = { country: '', region: '', city: '' };

const DEVICE_TYPES: Readonly<Record<string, string>> = {
  mobile: 'Mobile',
  tablet: 'Tablet',
  wearable: 'Mobile',
};

export function parseAgent(userAgent: string): Agent {
  const { browser, os, device } = new UAParser(userAgent).getResult();
  const platform = [os.name, os.version].filter(Boolean).join(' ');
  const isKnown = browser.name !== undefined || os.name !== undefined;
  return {
    browser: [browser.name, browser.major].filter(Boolean).join(' '),
    platform,
    device: device.model ?? '',
    deviceType: device.type === undefined ? (isKnown ? 'Desktop' : '') : (DEVICE_TYPES[device.type] ?? ''),
    isBot: isbot(userAgent),
  };
}

async function openGeoDatabase(file: string): Promise<Reader<CityResponse>> {
  try {
    return await open<CityResponse>(file, { cache: { max: 10_000 } });
  } catch (cause) {
    throw new ConfigError([`Cannot read the geo database ${file}: ${(cause as Error).message}`], { cause });
  }
}

function placeOf(geo: Reader<CityResponse>, ip: string): Place {
  const found = ip === '' ? null : geo.get(ip);
  if (found === null) return NOWHERE;
  return {
    country: found.country?.names.en ?? '',
    region: found.subdivisions?.[0]?.names.en ?? '',
    city: found.city?.names.en ?? '',
  };
}
