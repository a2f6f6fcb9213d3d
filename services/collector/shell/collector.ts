import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { loadEnvironments } from '#lib/config/environments.ts';
import { ConfigError, InvariantError } from '#lib/errors.ts';
import { openInstallation } from '#lib/generations/open-installation.ts';
import { createKafka } from '#lib/kafka/client.ts';
import { PartitionReader } from '#lib/kafka/partition-reader.ts';
import { waitForKafka } from '#lib/kafka/wait-for-kafka.ts';
import type { Logger } from '#lib/service/logger.ts';
import type { RunningService } from '#lib/service/run-service.ts';
import type { CollectorConfig } from '../config.ts';
import { newTick } from '../core/tick.ts';
import { createClientLookup } from './client-lookup.ts';
import { createHttpServer } from './http-server.ts';
import { KafkaPublisher } from './kafka-publisher.ts';
import { LetterPublisher, type Letters } from './letter-publisher.ts';
import { canRefuse, loadPlans } from './load-plans.ts';
import { createLogPlaces } from './log-places.ts';
import { MemoryBudget } from './memory-budget.ts';
import { createMetrics } from './metrics.ts';
import { createRandomIds } from './random-ids.ts';
import { createRecordEncoder } from './record-encoder.ts';
import { startTicker } from './ticker.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const CLIENT_ID = 'cairn-collector';
/** Time Kafka has to hear that the collector goes. */
const GOODBYE_MS = 1000;

/** For plans that refuse nothing. */
const NOWHERE: Letters = {
  publish: () => Promise.reject(new InvariantError('Cannot publish a dead letter: no plan refuses anything')),
};

/** Starts the collector: it answers HTTP at once (503 until Kafka is there) and is ready when Kafka takes records. */
export async function startCollector(config: CollectorConfig, log: Logger): Promise<RunningService> {
  const environments = loadEnvironments(config.CAIRN_ENVIRONMENTS);
  const plans = loadPlans(environments);
  const lookUp = await createClientLookup(config.CAIRN_GEO_DATABASE);
  const partitions = config.CAIRN_PARTITIONS;
  const brokers = config.CAIRN_KAFKA_BROKERS;
  const kafka = createKafka({ clientId: CLIENT_ID, brokers, log });
  const budget = new MemoryBudget(config.CAIRN_MAX_BYTES_IN_FLIGHT);
  const metrics = createMetrics(() => budget.bytes);
  const newId = createRandomIds();
  const publisher = new KafkaPublisher({
    kafka,
    partitions,
    lingerMs: config.CAIRN_LINGER_MS,
    ackTimeoutMs: config.CAIRN_ACK_TIMEOUT_MS,
    log,
    observeSendMs: (ms) => metrics.sendSeconds.observe(ms / 1000),
  });
  const letters = canRefuse(plans) ? new LetterPublisher(kafka, config.CAIRN_ACK_TIMEOUT_MS) : undefined;
  const encode = createRecordEncoder(() => publisher.partitions);
  const http = createHttpServer({
    environments: new Map(environments.map((environment) => [environment.appId, environment])),
    plans,
    refusePlaceholders: config.CAIRN_PLACEHOLDER_IDENTITIES === 'refuse',
    maxAgeMs: config.CAIRN_MAX_EVENT_AGE_DAYS * DAY_MS,
    maxBodyBytes: config.CAIRN_MAX_BODY_BYTES,
    requestTimeoutMs: config.CAIRN_REQUEST_TIMEOUT_MS,
    trustProxy: config.CAIRN_TRUST_PROXY,
    newId,
    now: Date.now,
    publisher,
    letters: letters ?? NOWHERE,
    budget,
    lookUp,
    encode,
    metrics,
    log,
  });
  const url = await listen(http, config);

  const admin = await waitForKafka({ clientId: CLIENT_ID, brokers, log });
  const reader = await PartitionReader.open({ brokers, clientId: CLIENT_ID, log });
  await openInstallation(admin, reader, {
    partitions,
    replicationFactor: config.CAIRN_REPLICATION_FACTOR,
    log,
  });
  await letters?.start();
  await publisher.start(createLogPlaces(admin, reader));
  const ticker = startTicker({
    publisher,
    lastAckAtMs: () => publisher.lastAckAtMs,
    encode,
    newTick: (nowMs) => newTick(newId(), nowMs),
    tickAfterMs: config.CAIRN_TICK_AFTER_MS,
    counted: (ticks) => metrics.ticks.inc(ticks),
  });

  return {
    url,
    failed: new Promise(() => undefined),
    async stop() {
      // A client that is slow to send must not hold up the stop; what is complete is answered by then.
      const patience = setTimeout(
        () => http.server.closeAllConnections(),
        config.CAIRN_ACK_TIMEOUT_MS + 1000,
      );
      await http.close();
      clearTimeout(patience);
      await ticker.stop();
      await publisher.stop();
      await letters?.stop();
      await Promise.race([Promise.all([reader.close(), admin.disconnect()]), pause(GOODBYE_MS)]);
    },
  };
}

/** Listens and answers the URL. Throws ConfigError where the port is taken. */
async function listen(
  http: ReturnType<typeof createHttpServer>,
  { CAIRN_HTTP_HOST: host, CAIRN_HTTP_PORT: port }: CollectorConfig,
): Promise<string> {
  try {
    await http.listen({ host, port });
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code !== 'EADDRINUSE' && code !== 'EACCES' && code !== 'EADDRNOTAVAIL') throw cause;
    throw new ConfigError(
      [`Cannot listen on ${host}:${port}: ${message}; set CAIRN_HTTP_PORT or CAIRN_HTTP_HOST`],
      {
        cause,
      },
    );
  }
  const address = http.server.address() as AddressInfo;
  return `http://${host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host}:${address.port}`;
}
