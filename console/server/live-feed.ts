import { setTimeout as pause } from 'node:timers/promises';
import { PartitionReader } from '#lib/kafka/partition-reader.ts';
import type { Logger } from '#lib/service/logger.ts';
import type { LiveRecord } from '../core/live-filter.ts';
import { liveRecord, liveRejection } from './live-record.ts';

/** Records kept, so that who opens the page sees something at once. */
const KEPT = 2000;
/** Of each partition, where reading begins: so many records before its end. */
const BACKLOG = 2000n;
/** Of what one fetch brings; older ones are counted and not decoded. */
const MOST_OF_A_FETCH = 2000;
/** The log is let go when nobody has looked for so long. */
const LINGER_MS = 20_000;
const RETRY_MS = 1000;
const LETTERS = 'events.rejected';

export type Viewer = {
  /** `isBacklog`: they were there before anybody looked. */
  records(records: readonly LiveRecord[], isBacklog: boolean): void;
  /** Records that came too fast to be decoded. */
  skipped(count: number): void;
  /** Why nothing comes; empty = something may. */
  trouble(text: string): void;
};

export type LiveFeed = {
  /** Gives the latest records, oldest first, and from then on calls the viewer. */
  watch(viewer: Viewer): { readonly recent: readonly LiveRecord[]; readonly trouble: string; leave(): void };
  close(): Promise<void>;
};

type Options = {
  readonly brokers: readonly string[];
  readonly log: Logger;
  logTopic(): Promise<string>;
};

/**
 * Follows the log and the dead letters for everybody who looks at them, without a consumer group: it leaves nothing
 * behind, and holds nothing up. It reads while somebody looks. Memory is bounded by KEPT.
 */
export function createLiveFeed(options: Options): LiveFeed {
  const viewers = new Set<Viewer>();
  let kept: LiveRecord[] = [];
  let trouble = '';
  let following: { stop: AbortController; done: Promise<unknown> } | undefined;
  let lingering: NodeJS.Timeout | undefined;

  const tell = (text: string) => {
    if (text === trouble) return;
    trouble = text;
    for (const viewer of viewers) viewer.trouble(text);
  };
  const take: Take = (records, skipped, isBacklog) => {
    tell('');
    if (records.length > 0) {
      // Partitions come one after another: the latest of all are kept, not those of the last one.
      kept = [...kept, ...records].sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0)).slice(-KEPT);
      for (const viewer of viewers) viewer.records(records, isBacklog);
    }
    if (skipped > 0 && !isBacklog) for (const viewer of viewers) viewer.skipped(skipped);
  };
  const stopFollowing = async () => {
    clearTimeout(lingering);
    const last = following;
    following = undefined;
    kept = [];
    last?.stop.abort();
    await last?.done;
  };
  return {
    watch(viewer) {
      clearTimeout(lingering);
      if (following === undefined) {
        const stop = new AbortController();
        following = { stop, done: follow(options, stop.signal, take, tell) };
      }
      viewers.add(viewer);
      return {
        recent: kept,
        trouble,
        leave() {
          viewers.delete(viewer);
          if (viewers.size === 0) lingering = setTimeout(stopFollowing, LINGER_MS).unref();
        },
      };
    },
    close: stopFollowing,
  };
}

type Take = (records: readonly LiveRecord[], skipped: number, isBacklog: boolean) => void;

/** Follows both topics, and begins again where something fails or the log has moved. */
async function follow(
  { brokers, log, logTopic }: Options,
  signal: AbortSignal,
  take: Take,
  tell: (text: string) => void,
): Promise<void> {
  /** Next offset by topic and partition, so that a new beginning repeats nothing. */
  const next = new Map<string, bigint>();
  while (!signal.aborted) {
    const round = new AbortController();
    const until = AbortSignal.any([signal, round.signal]);
    try {
      const collected = await logTopic();
      const places = await placesOf(brokers, log, [collected, LETTERS]);
      const ends = places.map((place) => followPartition({ brokers, log, next, take, until, ...place }));
      const moved = watchLog(logTopic, collected, until);
      await Promise.race([...ends, moved]).finally(() => round.abort());
      await Promise.allSettled([...ends, moved]);
    } catch (error) {
      if (signal.aborted) return;
      tell(`Kafka does not answer: ${(error as Error).message}`);
      await pause(RETRY_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}

type Place = { readonly topic: string; readonly partition: number };

async function placesOf(
  brokers: readonly string[],
  log: Logger,
  topics: readonly string[],
): Promise<Place[]> {
  const reader = await PartitionReader.open({ brokers, clientId: 'cairn-console', log });
  try {
    const all = await Promise.all(
      topics.map(async (topic) =>
        (await reader.partitions(topic)).map((partition) => ({ topic, partition })),
      ),
    );
    return all.flat();
  } finally {
    await reader.close();
  }
}

/** Resolves when collectors write to another log. */
async function watchLog(
  logTopic: () => Promise<string>,
  current: string,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await pause(15_000, undefined, { signal }).catch(() => undefined);
    if (!signal.aborted && (await logTopic()) !== current) return;
  }
}

/** A connection each: a broker answers the requests of one connection one after another. */
async function followPartition(
  options: Place & {
    readonly brokers: readonly string[];
    readonly log: Logger;
    readonly next: Map<string, bigint>;
    readonly take: Take;
    readonly until: AbortSignal;
  },
): Promise<void> {
  const { brokers, log, topic, partition, next, take, until } = options;
  const reader = await PartitionReader.open({ brokers, clientId: 'cairn-console', log });
  try {
    const place = `${topic} ${partition}`;
    const { start, end } = await reader.bounds(topic, partition);
    const beginning = end - BACKLOG > start ? end - BACKLOG : start;
    const from = next.get(place) ?? beginning;
    for await (const chunk of reader.read({ topic, partition, from: from > start ? from : start })) {
      if (until.aborted) return;
      next.set(place, chunk.next);
      const wanted = chunk.messages.slice(-MOST_OF_A_FETCH);
      const records = wanted.flatMap((message) => {
        const record =
          topic === LETTERS
            ? readable(() => liveRejection(partition, message))
            : liveRecord(topic, partition, message);
        return record ?? [];
      });
      take(records, chunk.messages.length - wanted.length, chunk.next <= end);
    }
  } finally {
    await reader.close();
  }
}

/** A dead letter that cannot be read is none of ours. */
function readable(read: () => LiveRecord | undefined): LiveRecord | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
