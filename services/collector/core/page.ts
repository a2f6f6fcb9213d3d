import type { Collected } from '#schemas/types.ts';
import { isRow } from './scope.ts';
import { MAX_TEXT, storable } from './text.ts';
import { type Refusal, refuse, shown } from './verdict.ts';

/** Longest part of an address and longest element chain: far above what browsers send. */
export const MAX_URL = 8192;

type TextField = {
  [K in keyof Collected]: Collected[K] extends string ? K : never;
}[keyof Collected];

type FieldTable = Readonly<Record<string, { readonly to: TextField; readonly max: number }>>;

const PAGE_FIELDS: FieldTable = {
  domain: { to: 'domain', max: MAX_TEXT },
  path: { to: 'path', max: MAX_URL },
  query: { to: 'query', max: MAX_URL },
  hash: { to: 'hash', max: MAX_URL },
  title: { to: 'title', max: MAX_TEXT },
  referrer: { to: 'referrer', max: MAX_URL },
  previous_page: { to: 'previous_page', max: MAX_URL },
};

const TARGET_FIELDS: FieldTable = {
  tag: { to: 'target_tag', max: MAX_TEXT },
  id: { to: 'target_id', max: MAX_TEXT },
  class: { to: 'target_class', max: MAX_TEXT },
  text: { to: 'target_text', max: MAX_TEXT },
  href: { to: 'href', max: MAX_URL },
  hierarchy: { to: 'hierarchy', max: MAX_URL },
};

const DEVICE_FIELDS: FieldTable = {
  platform: { to: 'platform', max: MAX_TEXT },
  model: { to: 'device', max: MAX_TEXT },
  type: { to: 'device_type', max: MAX_TEXT },
  browser: { to: 'browser', max: MAX_TEXT },
  carrier: { to: 'carrier', max: MAX_TEXT },
};

const APP_FIELDS: FieldTable = {
  name: { to: 'app_name', max: MAX_TEXT },
  version: { to: 'app_version', max: MAX_TEXT },
};

/** `page`: its address as `url` or in parts (a part wins), and what else is known of it. */
export function readPage(page: unknown, input: Collected): Refusal | undefined {
  if (page === undefined || page === null) return undefined;
  if (isRow(page) && typeof page['url'] === 'string') {
    // RFC 3986, appendix B: takes any text apart, and leaves it as the client sent it.
    const [, authority = '', path = '', query = '', hash = ''] =
      /^(?:[^:/?#]+:)?(?:\/\/([^/?#]*))?([^?#]*)(\?[^#]*)?(#.*)?$/s.exec(page['url']) ?? [];
    input.domain = storable(hostOf(authority), MAX_TEXT, 'value_truncated', input.flags);
    input.path = storable(path, MAX_URL, 'value_truncated', input.flags);
    input.query = storable(query, MAX_URL, 'value_truncated', input.flags);
    input.hash = storable(hash, MAX_URL, 'value_truncated', input.flags);
  }
  const refusal = readFields('page', page, PAGE_FIELDS, input);
  if (refusal !== undefined) return refusal;
  if (input.query !== '' && !input.query.startsWith('?')) input.query = `?${input.query}`;
  if (input.hash !== '' && !input.hash.startsWith('#')) input.hash = `#${input.hash}`;
  return undefined;
}

/** `target`: the element an autocaptured event happened on. */
export function readTarget(target: unknown, input: Collected): Refusal | undefined {
  return readFields('target', target, TARGET_FIELDS, input);
}

/** `device` and `app` of the request: they win over what the user agent says. */
export function readDevice(device: unknown, app: unknown, input: Collected): Refusal | undefined {
  return readFields('device', device, DEVICE_FIELDS, input) ?? readFields('app', app, APP_FIELDS, input);
}

function readFields(
  object: string,
  source: unknown,
  table: FieldTable,
  input: Collected,
): Refusal | undefined {
  if (source === undefined || source === null) return undefined;
  if (!isRow(source)) {
    return refuse(
      'invalid_field',
      `Cannot read ${object}: want an object, current value is ${shown(source)}`,
    );
  }
  for (const field of Object.keys(source)) {
    const value = source[field];
    const known = Object.hasOwn(table, field) ? table[field] : undefined;
    if (known === undefined || value === undefined || value === null) continue;
    if (typeof value === 'object') {
      return refuse(
        'invalid_field',
        `Cannot read ${object}.${field}: want a string, current value is ${shown(value)}`,
      );
    }
    input[known.to] = storable(String(value), known.max, 'value_truncated', input.flags);
  }
  return undefined;
}

/** Host of an authority, without user name and port. */
function hostOf(authority: string): string {
  return authority.slice(authority.lastIndexOf('@') + 1).replace(/:\d*$/, '');
}
