import type { ClickHouseClient } from '@clickhouse/client';
import { openInstallation } from '#lib/generations/open-installation.ts';
import { createLogger } from '#lib/service/logger.ts';
import { openClickHouse } from '../clickhouse-access.ts';
import type { Context } from '../command.ts';
import { type KafkaAccess, openKafka } from '../kafka-access.ts';
import { type LocatedStack, locateStack } from '../locate-stack.ts';
import { CommandError } from '../usage-error.ts';
import { GenerationLog } from './generation-log.ts';
import { readSwitches, type Switch } from './live-generation.ts';

/** All that commands about generations work on. */
export type Workplace = {
  readonly stack: LocatedStack;
  readonly kafka: KafkaAccess;
  readonly clickhouse: ClickHouseClient;
  readonly log: GenerationLog;
  readonly replicationFactor: number;
};

/**
 * Opens both servers for work on generations. Throws CommandError where they belong to different installations:
 * offsets of one Kafka cluster say nothing about rows that came from another.
 */
export async function withWorkplace<T>(context: Context, work: (place: Workplace) => Promise<T>): Promise<T> {
  const stack = await locateStack(context, ['kafka', 'clickhouse']);
  const { brokers, partitions, settings } = stack;
  const kafka = await openKafka(brokers);
  const clickhouse = openClickHouse(stack.clickhouseUrl);
  try {
    const replicationFactor = settings.CAIRN_REPLICATION_FACTOR;
    const quiet = createLogger('cli', 'silent');
    await openInstallation(kafka.admin, kafka.reader, { partitions, replicationFactor, log: quiet });
    await requireSameCluster(kafka, clickhouse);
    const log = new GenerationLog({ access: kafka, brokers });
    return await work({ stack, kafka, clickhouse, log, replicationFactor });
  } finally {
    await clickhouse.close();
    await kafka.close();
  }
}

/** Switches so far, the live one first. Throws CommandError where nothing is live yet. */
export async function requireLive(
  clickhouse: ClickHouseClient,
): Promise<readonly [live: Switch, ...others: Switch[]]> {
  const [live, ...others] = await readSwitches(clickhouse);
  if (live === undefined) throw new CommandError('No generation is live yet: start the services first');
  return [live, ...others];
}

async function requireSameCluster({ admin }: KafkaAccess, clickhouse: ClickHouseClient): Promise<void> {
  const { clusterId } = await admin.describeCluster();
  if ((await readSwitches(clickhouse)).length === 0) return;
  const answer = await clickhouse.query({
    query: 'SELECT id FROM cairn.cluster ORDER BY noted_at, id LIMIT 1',
    format: 'JSONEachRow',
  });
  const [known] = await answer.json<{ id: string }>();
  if (known === undefined || known.id === clusterId) return;
  throw new CommandError(
    `Cannot work on generations: Kafka is cluster ${clusterId}, and the rows in ClickHouse come from cluster ${known.id}; ` +
      'correct CAIRN_KAFKA_BROKERS or CAIRN_CLICKHOUSE_URL',
  );
}
