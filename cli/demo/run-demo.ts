import { DEFAULT_ENVIRONMENTS, type Environment } from '#lib/config/environments.ts';
import { openClickHouse } from '../clickhouse-access.ts';
import type { Context } from '../command.ts';
import { openKafka } from '../kafka-access.ts';
import { environmentOf } from '../question.ts';
import { thousands } from '../table.ts';
import { reachVerdict } from '../verify/reach-verdict.ts';
import { foundAccounts, slackOf } from './accounts.ts';
import { type DemoStack, joinStack, startOwnStack } from './demo-stack.ts';
import type { DemoRequest } from './dispatch.ts';
import { compareFigures, type Figures } from './figures.ts';
import { findFigures } from './found.ts';
import { expectedProperties, findProperties } from './found-properties.ts';
import { tellHistory } from './history.ts';
import { type DemoResult, formatReport } from './report.ts';
import { type SendReport, send } from './sender.ts';
import { type Truth, truthOf } from './truth.ts';

/** Clients that send at once. */
const CONNECTIONS = 24;
/** A collector that is restarted is back long before this. */
const REQUEST_PATIENCE_MS = 120_000;
const SHORTEST_LOAD_PATIENCE_MS = 120_000;
const LOAD_PATIENCE_PER_EVENT_MS = 2;
const PROGRESS_MS = 2000;

export type DemoOptions = {
  readonly events: number;
  readonly seed: string;
  readonly json: boolean;
  /** Leaves the stack's data directory in place. */
  readonly keep: boolean;
  /** URL of a collector that already runs; undefined = a stack of the demo's own. */
  readonly against: string | undefined;
};

type Run = DemoOptions & {
  readonly requests: readonly DemoRequest[];
  readonly truth: Truth;
  readonly environment: Environment;
  readonly stack: DemoStack;
  readonly signal: AbortSignal;
  readonly say: (text: string) => void;
};

/** Runs the demo and prints its answer. Returns 0 where every figure is true, else 1. */
export async function runDemo(options: DemoOptions, context: Context): Promise<number> {
  const { events, seed, json, keep, against } = options;
  const { signal, stdout, stderr } = context;
  const say = (text: string) => stderr.write(`${text}\n`);
  const startedMs = performance.now();
  const environment = against === undefined ? DEFAULT_ENVIRONMENTS[0]! : environmentOf(context, undefined);
  say(`Making up ${thousands(events)} events of the last seven days, seed ${seed}`);
  const requests = tellHistory({
    seed,
    events,
    endMs: Date.now(),
    // A stack of others may hold an earlier run: its people must not be met again.
    tag: against === undefined ? '' : `-${Date.now().toString(36)}`,
    appId: environment.appId,
  });
  const truth = truthOf(requests);
  const stack =
    against === undefined ? await startOwnStack(context, { keep, say }) : await joinStack(context, against);
  const over = new AbortController();
  try {
    const sending = AbortSignal.any([signal, over.signal]);
    const run = { ...options, requests, truth, environment, stack, signal: sending, say };
    const startMs = performance.now() - startedMs;
    const measured = await Promise.race([measure(run), stack.failed, stopRequested(signal)]);
    const result = { ...measured, startMs, totalMs: performance.now() - startedMs };
    stdout.write(json ? `${JSON.stringify(result)}\n` : formatReport(result));
    return result.ok ? 0 : 1;
  } finally {
    over.abort();
    await stack.close();
  }
}

/** Sends everything, waits until it is loaded, and holds what ClickHouse has against the truth. */
async function measure(run: Run): Promise<Omit<DemoResult, 'startMs' | 'totalMs'>> {
  const { events, seed, against, requests, truth, say } = run;
  const before = against === undefined ? undefined : await takeStock(run, 0);
  const sendingMs = performance.now();
  const sent = await sendAll(run);
  const loadingMs = performance.now();
  say(`Sent ${thousands(requests.length)} requests; waiting until all of it is loaded`);
  const { figures, loadedMs, problems } = await takeStock(run, sent.refused);
  const lines = compareFigures({
    expected: { ...truth.figures, ...expectedProperties(truth) },
    actual: figures,
    before: before?.figures,
    slack: slackOf(sent),
  });
  return {
    ok: problems.length === 0 && lines.every(({ ok }) => ok),
    seed,
    events,
    requests: sent.requests,
    retries: sent.retries,
    sendMs: loadingMs - sendingMs,
    loadMs: loadedMs - loadingMs,
    lines,
    problems,
  };
}

async function sendAll({ requests, stack, signal, say }: Run): Promise<SendReport> {
  let saidMs = performance.now();
  return send(requests, {
    url: stack.collectorUrl,
    connections: CONNECTIONS,
    patienceMs: REQUEST_PATIENCE_MS,
    signal,
    onAnswer(answered) {
      if (performance.now() - saidMs < PROGRESS_MS) return;
      saidMs = performance.now();
      say(`Sending: ${thousands(answered)} of ${thousands(requests.length)} requests answered`);
    },
  });
}

/** Waits until the log is loaded, closes the accounts and asks for every figure. */
async function takeStock(
  { stack, environment, truth, events, say }: Run,
  refused: number,
): Promise<{ figures: Figures; loadedMs: number; problems: readonly string[] }> {
  const { generation } = stack;
  const kafka = await openKafka(stack.brokers);
  const clickhouse = openClickHouse(stack.clickhouseUrl);
  try {
    const { totals, problems } = await reachVerdict(kafka, clickhouse, {
      generation,
      timeoutMs: Math.max(SHORTEST_LOAD_PATIENCE_MS, events * LOAD_PATIENCE_PER_EVENT_MS),
      progress: say,
    });
    const loadedMs = performance.now();
    say('Loaded; asking for every figure');
    const place = { clickhouse, environment, generation };
    const figures = {
      ...foundAccounts(totals, refused),
      ...(await findFigures(place)),
      ...(await findProperties(place, truth)),
    };
    return { figures, loadedMs, problems };
  } finally {
    await clickhouse.close();
    await kafka.close();
  }
}

function stopRequested(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
