import { integer, oneOf, port, text } from '#lib/config/parsers.ts';
import { SHARED_SETTINGS } from '#lib/config/shared-settings.ts';
import type { ConfigOf, Setting, Spec } from '#lib/config/spec.ts';

const MIB = 1024 * 1024;

export const COLLECTOR_SPEC = {
  CAIRN_HTTP_PORT: { doc: 'Port of the HTTP API; 0 picks a free one.', parse: port, default: 8080 },
  CAIRN_HTTP_HOST: { doc: 'Address the HTTP API listens on.', parse: text, default: '0.0.0.0' },
  CAIRN_KAFKA_BROKERS: SHARED_SETTINGS.CAIRN_KAFKA_BROKERS,
  CAIRN_PARTITIONS: SHARED_SETTINGS.CAIRN_PARTITIONS,
  CAIRN_REPLICATION_FACTOR: SHARED_SETTINGS.CAIRN_REPLICATION_FACTOR,
  CAIRN_ENVIRONMENTS: SHARED_SETTINGS.CAIRN_ENVIRONMENTS,
  CAIRN_MAX_BODY_BYTES: {
    doc: 'Largest request body, after decompression; above it the answer is 413.',
    parse: integer(1024, 256 * MIB),
    default: 5 * MIB,
  },
  CAIRN_MAX_BYTES_IN_FLIGHT: {
    doc: 'Bytes of bodies and of records not yet acknowledged by Kafka; above it the answer is 503.',
    parse: integer(MIB, 16 * 1024 * MIB),
    default: 64 * MIB,
  },
  CAIRN_REQUEST_TIMEOUT_MS: {
    doc: 'Time a client has to send a whole request, in milliseconds.',
    parse: integer(1000, 600_000),
    default: 60_000,
  },
  CAIRN_ACK_TIMEOUT_MS: {
    doc: 'Time Kafka has to acknowledge a request before the answer is 503, in milliseconds.',
    parse: integer(100, 120_000),
    default: 10_000,
  },
  CAIRN_LINGER_MS: {
    doc: 'Time an idle producer waits for more records before it sends, in milliseconds.',
    parse: integer(0, 1000),
    default: 2,
  },
  CAIRN_TICK_AFTER_MS: {
    doc: 'Silence after which a partition gets a tick record, in milliseconds.',
    parse: integer(100, 3_600_000),
    default: 10_000,
  },
  CAIRN_MAX_EVENT_AGE_DAYS: {
    doc: 'Age above which an event is refused, in days.',
    parse: integer(1, 18_250),
    default: 3650,
  },
  CAIRN_PLACEHOLDER_IDENTITIES: {
    doc: 'Whether identities such as `undefined`, `null` or `user` are refused or accepted.',
    parse: oneOf('refuse', 'accept'),
    default: 'refuse',
  } satisfies Setting<'refuse' | 'accept'>,
  CAIRN_GEO_DATABASE: {
    doc: 'MaxMind database file (.mmdb) that gives country, region and city of an address.',
    parse: text,
    default: '',
  },
  CAIRN_TRUST_PROXY: {
    doc: 'Proxies whose X-Forwarded-For is believed: their number, their addresses or ranges comma-separated, or `all`.',
    parse: trustedProxies,
    default: '',
  } satisfies Setting<number | string>,
  CAIRN_LOG_LEVEL: SHARED_SETTINGS.CAIRN_LOG_LEVEL,
} as const satisfies Spec;

export type CollectorConfig = ConfigOf<typeof COLLECTOR_SPEC>;

function trustedProxies(value: string): number | string {
  if (/^\d+$/.test(value)) return Number(value);
  if (value === 'all' || value.split(',').every((part) => /^[\da-fA-F.:]+(\/\d+)?$/.test(part.trim())))
    return value;
  throw new Error('want a number, addresses or ranges, or all');
}
