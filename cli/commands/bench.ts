import { resolve } from 'node:path';
import { benchAnswers } from '../../bench/answers.ts';
import { benchPipeline } from '../../bench/pipeline.ts';
import { benchQueries } from '../../bench/queries.ts';
import { benchReplay } from '../../bench/replay.ts';
import { benchRestore } from '../../bench/restore.ts';
import {
  renderAnswers,
  renderPipeline,
  renderQueries,
  renderReplay,
  renderRestore,
} from '../../bench/tables.ts';
import { type Context, defineCommand, JSON_OPTION } from '../command.ts';
import { readStackSettings } from '../stack-settings.ts';
import { UsageError } from '../usage-error.ts';

const INTERRUPTED = 130;
const DEFAULT_EVENTS = 500_000;
const DEFAULT_BATCH = 500;
const DEFAULT_CONNECTIONS = 8;
const DEFAULT_DEVICES = 1_000_000;
const DEFAULT_IDS = 10_000_000;
const DEFAULT_REPLAYED = 1_000_000;
const DEFAULT_RATE = 500;
const DEFAULT_USERS = 1_000_000;
const DEFAULT_HISTORY = 50_000_000;
/** Events of a user of a history, and users for each four devices. */
const EVENTS_OF_A_USER = 50 / 3;
const DEVICES_OF_A_USER = 4 / 3;

type Values = {
  readonly [name in 'events' | 'batch' | 'connections' | 'rate' | 'devices' | 'ids' | 'users' | 'data-dir']:
    | string
    | undefined;
} & { readonly json: boolean; readonly service: readonly string[] };

/** Each measurement: runs it and answers what to print. */
const BENCHMARKS: Readonly<Record<string, (values: Values, context: Context) => Promise<string>>> = {
  async pipeline(values, context) {
    const result = await benchPipeline({ ...load(values, DEFAULT_EVENTS), ...surroundings(context) });
    return values.json ? `${JSON.stringify(result)}\n` : renderPipeline(result);
  },
  async restore(values, context) {
    const dataDir = values['data-dir'];
    const result = await benchRestore({
      devices: count('--devices', values.devices, DEFAULT_DEVICES, 100_000_000),
      ids: count('--ids', values.ids, DEFAULT_IDS, 100_000_000),
      partitions: readStackSettings(context.env).CAIRN_PARTITIONS,
      services: values.service,
      dataDir: dataDir === undefined ? undefined : resolve(dataDir),
      ...surroundings(context),
    });
    return values.json ? `${JSON.stringify(result)}\n` : renderRestore(result);
  },
  async replay(values, context) {
    const result = await benchReplay({
      ...load(values, DEFAULT_REPLAYED),
      rate: count('--rate', values.rate, DEFAULT_RATE, 100_000),
      ...surroundings(context),
    });
    return values.json ? `${JSON.stringify(result)}\n` : renderReplay(result);
  },
  async answers(values, context) {
    const dataDir = values['data-dir'];
    const events = count('--events', values.events, DEFAULT_HISTORY, 1_000_000_000);
    const users = Math.ceil(events / EVENTS_OF_A_USER);
    const result = await benchAnswers({
      ...{ events, users, devices: Math.ceil(users * DEVICES_OF_A_USER) },
      dataDir: dataDir === undefined ? undefined : resolve(dataDir),
      ...surroundings(context),
    });
    return values.json ? `${JSON.stringify(result)}\n` : renderAnswers(result);
  },
  async queries(values, context) {
    const dataDir = values['data-dir'];
    const result = await benchQueries({
      users: count('--users', values.users, DEFAULT_USERS, 10_000_000),
      dataDir: dataDir === undefined ? undefined : resolve(dataDir),
      ...surroundings(context),
    });
    return values.json ? `${JSON.stringify(result)}\n` : renderQueries(result);
  },
};

export const bench = defineCommand({
  usage: 'pipeline|restore|replay|queries|answers [options] [--json]',
  about: `Measures on servers of its own, on free ports. The measuring shares the machine, so compare figures of one machine
and one run.

  pipeline  events a second from HTTP request to row in ClickHouse, and what each process spends on them
  restore   time until each service is ready again on a large state, and its memory
  replay    a replay beside live traffic: how long it takes, what clients and readers notice, whether all tables are equal
  queries   readers' questions and cairn user over many users, three devices, five sessions and twenty events each
  answers   funnels and retention over a large history, beside the same on ids that are resolved already, a bare scan, and joins`,
  options: {
    events: {
      type: 'string',
      value: 'N',
      doc: `pipeline, replay: events to send (${DEFAULT_EVENTS}, ${DEFAULT_REPLAYED}); answers: events there are (${DEFAULT_HISTORY})`,
    },
    batch: {
      type: 'string',
      value: 'N',
      doc: `pipeline, replay: events of one request, up to 1000 (${DEFAULT_BATCH})`,
    },
    connections: {
      type: 'string',
      value: 'N',
      doc: `pipeline, replay: connections to the collector (${DEFAULT_CONNECTIONS})`,
    },
    rate: {
      type: 'string',
      value: 'N',
      doc: `replay: events a second that are sent meanwhile (${DEFAULT_RATE})`,
    },
    devices: {
      type: 'string',
      value: 'N',
      doc: `restore: bound devices, and open sessions (${DEFAULT_DEVICES})`,
    },
    ids: { type: 'string', value: 'N', doc: `restore: remembered idempotency keys (${DEFAULT_IDS})` },
    users: { type: 'string', value: 'N', doc: `queries: users (${DEFAULT_USERS})` },
    service: {
      type: 'string',
      multiple: true,
      value: 'NAME',
      doc: 'restore: measure this one of identity-merger, sessionizer and loader only',
    },
    'data-dir': {
      type: 'string',
      value: 'DIR',
      doc: 'restore, queries, answers: keep what was filled there, and use it again',
    },
    ...JSON_OPTION,
  },
  maxArguments: 1,
  handlesStop: true,
  examples: [
    ['bench pipeline --events 1000000', 'a million events from HTTP to ClickHouse'],
    ['bench replay', 'a million events replayed beside live traffic'],
    ['bench queries', "readers' questions over a million users"],
    ['bench answers --events 5000000', 'funnels and retention over five million events'],
    ['bench restore', 'a restart with a million devices and ten million idempotency keys'],
  ],
  async run(values, [name = ''], context) {
    const benchmark = BENCHMARKS[name];
    if (benchmark === undefined) {
      const known = Object.keys(BENCHMARKS).join(', ');
      throw new UsageError(`Cannot run the benchmark ${JSON.stringify(name)}: there are ${known}`);
    }
    try {
      context.stdout.write(await benchmark(values, context));
      return 0;
    } catch (error) {
      if (!context.signal.aborted) throw error;
      return INTERRUPTED;
    }
  },
});

function load({ events, batch, connections }: Values, defaultEvents: number) {
  return {
    events: count('--events', events, defaultEvents, 1_000_000_000),
    batchSize: count('--batch', batch, DEFAULT_BATCH, 1000),
    connections: count('--connections', connections, DEFAULT_CONNECTIONS, 1000),
  };
}

function surroundings({ env, signal, stderr }: Context) {
  return { env, signal, progress: (text: string) => void stderr.write(`${text}\n`) };
}

function count(option: string, text: string | undefined, otherwise: number, most: number): number {
  const value = text === undefined ? otherwise : Number(text);
  if (!Number.isInteger(value) || value < 1 || value > most) {
    throw new UsageError(
      `Cannot read ${option}: want a whole number from 1 to ${most}, current value is ${JSON.stringify(text)}`,
    );
  }
  return value;
}
