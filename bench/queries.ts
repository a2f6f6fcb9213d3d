import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { ClickHouseClient } from '@clickhouse/client';
import { startClickHouse } from '#infra/embedded/clickhouse.ts';
import { pickFreePort } from '#infra/embedded/ports.ts';
import { type ClickHouse, createClickHouse } from '#lib/clickhouse/client.ts';
import { DEFAULT_ENVIRONMENTS, type Environment } from '#lib/config/environments.ts';
import { eventNamed } from '#queries/event-match.ts';
import { findUser } from '#queries/find-user.ts';
import { funnelQuery, PLAIN_FUNNEL } from '#queries/funnel.ts';
import { inlineParams } from '#queries/inline-params.ts';
import { ask, openClickHouse } from '../cli/clickhouse-access.ts';
import { deviceOf, fillTables, writeViews } from './fill-tables.ts';
import type { Surroundings } from './own-stack.ts';
import { usageOf } from './process-usage.ts';

export type QueriesBenchOptions = Surroundings & {
  readonly users: number;
  /** Keeps the filled tables, or finds them there; undefined = a directory that is gone afterwards. */
  readonly dataDir: string | undefined;
};

export type QueryFigures = {
  readonly name: string;
  /** Best of some runs. */
  readonly ms: number;
  /** CPU of the server, of the run that took least. */
  readonly cpuMs: number;
};

export type ProfileFigures = {
  readonly whose: string;
  readonly devices: number;
  readonly events: number;
  /** From the first question to the last answer, of some runs. */
  readonly medianMs: number;
  readonly worstMs: number;
};

export type QueriesBench = {
  readonly users: number;
  readonly devices: number;
  readonly sessions: number;
  readonly events: number;
  /** 0 = they were there. */
  readonly fillSeconds: number;
  readonly queries: readonly QueryFigures[];
  readonly profiles: readonly ProfileFigures[];
  /** `cairn user`, from the start of its process to the end; median. */
  readonly commandMs: number;
  readonly loadAverage: number;
};

const RUNS = 5;
const PROFILE_RUNS = 5;
const PROFILES = 20;
/** A fill and a merge of parts take minutes. */
const TIMEOUT_MS = 60 * 60 * 1000;
const DATABASE = 'main_production';

const QUESTIONS: Readonly<Record<string, string>> = {
  'users: count': `SELECT count() FROM ${DATABASE}.users`,
  'users: count by a property': `SELECT plan, count() FROM ${DATABASE}.users GROUP BY plan`,
  'users: count by initial_utm_source': `SELECT initial_utm_source, count() FROM ${DATABASE}.users GROUP BY 1`,
  'users: who joined since': `SELECT count() FROM ${DATABASE}.users WHERE joindate >= '2026-01-10'`,
  'sessions: count': `SELECT count() FROM ${DATABASE}.sessions`,
  'sessions: count by utm_source': `SELECT utm_source, count() FROM ${DATABASE}.sessions GROUP BY 1`,
  'an event: count': `SELECT count() FROM ${DATABASE}.purchase`,
  'an event: count by a property': `SELECT product, count() FROM ${DATABASE}.purchase GROUP BY product`,
  'an event: users': `SELECT uniq(user_id) FROM ${DATABASE}.purchase`,
  'a rare event: count': `SELECT count() FROM ${DATABASE}.renewal`,
  'pageviews: count by utm_source': `SELECT utm_source, count() FROM ${DATABASE}.pageviews GROUP BY 1`,
  'all_events: count of an event': `SELECT count() FROM ${DATABASE}.all_events WHERE event_table_name = 'purchase'`,
  'funnel of three steps': inlineParams(
    funnelQuery({
      ...PLAIN_FUNNEL,
      ...{ environment: 1, database: DATABASE, accountIdProperty: '' },
      steps: ['pageview', 'Add to cart', 'Purchase'].map(eventNamed),
      withinMs: 86_400_000,
    }),
  ),
};

const OF_ACCOUNTS: Readonly<Record<string, string>> = {
  'users with accounts: count': `SELECT count() FROM ${DATABASE}.users`,
  'users with accounts: count by account_name': `SELECT account_name, count() FROM ${DATABASE}.users GROUP BY 1`,
  'accounts: count': `SELECT count() FROM ${DATABASE}.accounts`,
};

/** Times readers' questions and `cairn user` on a ClickHouse of its own that is filled with many users. */
export async function benchQueries(options: QueriesBenchOptions): Promise<QueriesBench> {
  const { dataDir, signal, progress } = options;
  const directory = dataDir ?? (await mkdtemp(join(tmpdir(), 'cairn-bench-')));
  const server = await startClickHouse({ dataDir: directory, port: await pickFreePort(), signal });
  const client = openClickHouse(server.url);
  try {
    return await measure(options, server, client);
  } finally {
    progress('stopping');
    await client.close();
    await server.stop();
    if (dataDir === undefined) await rm(directory, { recursive: true, force: true });
  }
}

async function measure(
  { users, env, progress }: QueriesBenchOptions,
  server: { readonly url: string; readonly pid: number },
  client: ClickHouseClient,
): Promise<QueriesBench> {
  const clickHouse = createClickHouse({ url: server.url, timeoutMs: TIMEOUT_MS });
  const [environment] = DEFAULT_ENVIRONMENTS as readonly [Environment];
  const startedAt = performance.now();
  const isFilled = await writeViews(clickHouse, environment);
  if (!isFilled) await fillTables({ clickHouse, environment, users, progress });
  const fillSeconds = isFilled ? 0 : (performance.now() - startedAt) / 1000;

  const time = async (questions: Readonly<Record<string, string>>) => {
    const figures: QueryFigures[] = [];
    for (const [name, sql] of Object.entries(questions)) {
      progress(`asking: ${name}`);
      figures.push(await timeQuery(clickHouse, server.pid, name, sql));
    }
    return figures;
  };
  const queries = await time(QUESTIONS);
  const profiles = await timeProfiles(clickHouse, client, environment);
  const commandMs = await timeCommand(clickHouse, server.url, env);
  const options = { ...environment.options, accountIdProperty: 'company' };
  await writeViews(clickHouse, { ...environment, options });
  queries.push(...(await time(OF_ACCOUNTS)));
  await writeViews(clickHouse, environment);
  const count = async (from: string) =>
    Number((await clickHouse.query<{ n: string }>(`SELECT count() AS n FROM ${from}`))[0]?.n);
  return {
    users: await count(`${DATABASE}.users`),
    devices: await count('cairn.user_migrations FINAL'),
    sessions: await count(`${DATABASE}.sessions`),
    events: await count('cairn.events'),
    fillSeconds,
    queries,
    profiles,
    commandMs,
    loadAverage: loadavg()[0] ?? 0,
  };
}

async function timeQuery(
  clickHouse: ClickHouse,
  pid: number,
  name: string,
  sql: string,
): Promise<QueryFigures> {
  const times: number[] = [];
  const cpu: number[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    const [startedAt, cpuBefore] = [performance.now(), usageOf(pid).cpuSeconds];
    await clickHouse.query(sql);
    times.push(performance.now() - startedAt);
    cpu.push((usageOf(pid).cpuSeconds - cpuBefore) * 1000);
  }
  return { name, ms: Math.min(...times), cpuMs: Math.min(...cpu) };
}

async function timeProfiles(
  clickHouse: ClickHouse,
  client: ClickHouseClient,
  environment: Environment,
): Promise<readonly ProfileFigures[]> {
  const ordinary = await idsOf(clickHouse, `numbers(1000, ${PROFILES})`);
  const crowded = await idsOf(clickHouse, 'numbers(1)');
  const figures = async (whose: string, ids: readonly number[]) => {
    const times: number[] = [];
    let devices = 0;
    let events = 0;
    for (let run = 0; run < PROFILE_RUNS; run += 1) {
      for (const id of ids) {
        const found = await findUser((query) => ask(client, query), { environment, id, hasTimeline: true });
        if (found === undefined) throw new Error(`Cannot measure: nobody has the id ${id}`);
        times.push(found.queryMs);
        devices = found.profile.deviceCount;
        events = found.profile.events;
      }
    }
    const sorted = times.toSorted((a, b) => a - b);
    return {
      whose,
      devices,
      events,
      medianMs: sorted[Math.floor(sorted.length / 2)] ?? 0,
      worstMs: sorted.at(-1) ?? 0,
    };
  };
  return [await figures(`${PROFILES} users`, ordinary), await figures('the user with most devices', crowded)];
}

/** Ids of devices, by their numbers. */
async function idsOf(clickHouse: ClickHouse, numbers: string): Promise<readonly number[]> {
  const rows = await clickHouse.query<{ id: string }>(
    `SELECT toString(${deviceOf('number')}) AS id FROM ${numbers}`,
  );
  return rows.map(({ id }) => Number(id));
}

async function timeCommand(
  clickHouse: ClickHouse,
  url: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  const main = fileURLToPath(new URL('../cli/main.ts', import.meta.url));
  const [id] = await idsOf(clickHouse, 'numbers(2000, 1)');
  const times: number[] = [];
  for (let run = 0; run < PROFILE_RUNS; run += 1) {
    const startedAt = performance.now();
    const child = spawn(process.execPath, [main, 'user', String(id), '--json'], {
      env: { ...process.env, ...env, CAIRN_CLICKHOUSE_URL: url },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await text(child.stdout);
    times.push(performance.now() - startedAt);
  }
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0;
}
