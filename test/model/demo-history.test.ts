/** The cores, joined in memory, against the demo's naive model of the specification. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_ENVIRONMENTS } from '#lib/config/environments.ts';
import { collectedCodec, sessionCodec } from '#schemas/codec.ts';
import { partitionOf, recordKey } from '#schemas/ids.ts';
import type { Collected, Session } from '#schemas/types.ts';
import type { DemoRequest } from '../../cli/demo/dispatch.ts';
import { tellHistory } from '../../cli/demo/history.ts';
import { truthOf } from '../../cli/demo/truth.ts';
import { accept, type RoutePath } from '../../services/collector/core/accept.ts';
import { NO_CLIENT } from '../../services/collector/core/client.ts';
import { createMerger } from '../../services/identity-merger/core/processor.ts';
import { createSessionizer } from '../../services/sessionizer/core/processor.ts';

const PARTITIONS = 4;
const END_MS = Date.UTC(2026, 2, 9, 12);
const ENVIRONMENTS = new Map(DEFAULT_ENVIRONMENTS.map((environment) => [environment.appId, environment]));

/** Records a transaction takes: small, so that sessions are published many times. */
const TRANSACTION = 50;

/** Collector's decision about a request that arrives at a time; throws where it is refused as a whole. */
function collect({ path, body, userAgent }: DemoRequest, receivedAt: number, newId: () => number) {
  const outcome = accept(
    path as RoutePath,
    path === '/v1/capture' ? { ...body, sent_at: receivedAt } : body,
    {
      environments: ENVIRONMENTS,
      plans: new Map(),
      refusePlaceholders: true,
      maxAgeMs: Number.MAX_SAFE_INTEGER,
      receivedAt,
      newId,
      client: { ...NO_CLIENT, isBot: /bot/i.test(userAgent) },
    },
  );
  if ('error' in outcome) throw new Error(outcome.message);
  return outcome;
}

/** Runs all requests through collector, merger and sessionizer, a few milliseconds apart. */
function runCores(requests: readonly DemoRequest[]) {
  const merger = createMerger({ partitions: PARTITIONS, generation: 1 });
  const sessionizer = createSessionizer();
  const partitions = Array.from({ length: PARTITIONS }, () => ({
    merger: merger.createState(),
    sessionizer: sessionizer.createState(),
    next: 0n,
  }));
  const outcomes: Record<string, number> = {};
  const sessions = new Map<string, Session>();
  let refused = 0;
  let nowMs = END_MS;
  let lastId = 0;

  const process = (record: Collected) => {
    const key = recordKey(record.environment, record.device_id);
    const number = partitionOf(key, PARTITIONS);
    const partition = partitions[number]!;
    const origin = { topic: 'events.collected', partition: number, offset: partition.next };
    partition.next += 1n;
    const input = { key, value: collectedCodec.encode(record), timestampMs: nowMs, origin };
    const { outputs, outcome } = merger.step(partition.merger, input, nowMs);
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    for (const { topic, value } of outputs)
      if (topic === 'events.identified') sessionizer.step(partition.sessionizer, { ...input, value }, nowMs);
    if (partition.next % BigInt(TRANSACTION) === 0n) publish(partition.sessionizer);
  };
  const publish = (state: (typeof partitions)[number]['sessionizer']) => {
    for (const { key, value } of sessionizer.flush(state))
      sessions.set(key.toString('hex'), sessionCodec.decode(value));
  };

  for (const request of requests) {
    nowMs += 3;
    const { accepted, rejected } = collect(request, nowMs, () => {
      lastId += 1;
      return lastId;
    });
    refused += rejected.length;
    for (const record of accepted) process(record);
  }
  for (const partition of partitions) publish(partition.sessionizer);
  return { outcomes, refused, sessions: [...sessions.values()] };
}

for (const seed of ['1', '2', '3', '4']) {
  test(`the cores agree with the naive model on the demo's history of seed ${seed}`, () => {
    const requests = tellHistory({ seed, events: 15_000, endMs: END_MS, tag: '', appId: '11' });
    const { figures } = truthOf(requests);
    const { outcomes, refused, sessions } = runCores(requests);
    const final = sessions.filter(({ merged_into }) => merged_into === 0);
    const count = (keep: (session: Session) => boolean) => final.filter(keep).length;
    assert.deepEqual(
      {
        'numbered by clients': count(({ gap }) => !gap),
        'from gaps, web': count(({ gap, library }) => gap && library === 'web'),
        'from gaps, mobile': count(({ gap, library }) => gap && library !== 'web'),
        'as readers see them': final.length,
        'named by events': final.length,
        'events in them': final.reduce((sum, { event_count }) => sum + event_count, 0),
      },
      figures['sessions'],
    );
    assert.ok(final.length < sessions.length, 'a late event has bridged two sessions');
    const of = (outcome: string) => outcomes[outcome] ?? 0;
    assert.deepEqual(
      {
        'events collected': of('event.forwarded') + of('event.duplicate'),
        'events loaded': of('event.forwarded'),
        'events that are duplicates': of('event.duplicate'),
        'identifies collected': of('identify.bound') + of('identify.repeated') + of('identify.ignored'),
        'identifies loaded as bindings': of('identify.bound'),
        'identifies that change nothing': of('identify.repeated') + of('identify.ignored'),
        'user property changes loaded': of('user_properties.forwarded'),
        'account property changes loaded': of('account_properties.forwarded'),
        'records rejected, missing or twice': 0,
        'rows refused at the door': refused,
      },
      figures['accounting'],
    );
  });
}
