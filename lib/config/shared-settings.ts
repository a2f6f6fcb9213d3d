import { hidePassword } from './hide-password.ts';
import { brokers, integer, oneOf, port, text, url } from './parsers.ts';
import type { Setting } from './spec.ts';

/** Settings that more than one service reads. */
export const SHARED_SETTINGS = {
  CAIRN_KAFKA_BROKERS: {
    doc: 'Kafka brokers, `host:port`, comma-separated.',
    parse: brokers,
    default: ['localhost:9092'] as readonly string[],
  } satisfies Setting<readonly string[]>,
  CAIRN_CLICKHOUSE_URL: {
    doc: 'ClickHouse over HTTP, with user and password where it wants them.',
    parse: url,
    hide: hidePassword,
    default: 'http://localhost:8123',
  } satisfies Setting<string>,
  CAIRN_PARTITIONS: {
    doc: 'Partitions of a fresh installation; cairn replay --partitions changes their number later.',
    parse: integer(1, 1024),
    default: 4,
  } satisfies Setting<number>,
  CAIRN_REPLICATION_FACTOR: {
    doc: 'Replicas of every topic that is created: 3 on a cluster, 1 on a single broker.',
    parse: integer(1, 7),
    default: 1,
  } satisfies Setting<number>,
  CAIRN_GENERATION: {
    doc: 'Generation of derived topics, groups and rows.',
    parse: integer(1, 65535),
    default: 1,
  } satisfies Setting<number>,
  CAIRN_ENVIRONMENTS: {
    doc: 'Registry file of environments (JSON). Without it there is one: app id 11, name main_production.',
    parse: text,
    default: '',
  } satisfies Setting<string>,
  CAIRN_STATE_DIR: {
    doc: 'Directory for copies of a stage’s state, which make its restart quick, and for what memory has no room for; none = it folds everything anew.',
    parse: text,
    default: '',
  } satisfies Setting<string>,
  CAIRN_HEALTH_PORT: {
    doc: 'Port of /healthz, /readyz and /metrics of a stage; 0 picks a free one.',
    parse: port,
    default: 0,
  } satisfies Setting<number>,
  CAIRN_LOG_LEVEL: {
    doc: 'Least important level that is logged: debug, info, warn or error.',
    parse: oneOf('debug', 'info', 'warn', 'error'),
    default: 'info',
  } satisfies Setting<'debug' | 'info' | 'warn' | 'error'>,
} as const;
