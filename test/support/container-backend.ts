import { Kafka, logLevel } from 'kafkajs';
import { GenericContainer, getContainerRuntimeClient, type StartedTestContainer, Wait } from 'testcontainers';
import { pickFreePort } from '#infra/embedded/ports.ts';
import type { Backend, TestServer } from './backend.ts';
import { until } from './until.ts';

const KAFKA_IMAGE = 'apache/kafka:4.2.0';
const CLICKHOUSE_IMAGE = 'clickhouse/clickhouse-server:26.7';
const START_MS = 120_000;

/** What docker-compose.yml sets, with one listener for clients and one for the broker itself. */
function kafkaVariables(port: number): Record<string, string> {
  return {
    KAFKA_HEAP_OPTS: '-Xmx512m',
    KAFKA_NODE_ID: '1',
    KAFKA_PROCESS_ROLES: 'broker,controller',
    KAFKA_CONTROLLER_QUORUM_VOTERS: '1@localhost:9093',
    KAFKA_LISTENERS: 'INTERNAL://:19092,HOST://:9092,CONTROLLER://:9093',
    KAFKA_ADVERTISED_LISTENERS: `INTERNAL://localhost:19092,HOST://127.0.0.1:${port}`,
    KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'INTERNAL:PLAINTEXT,HOST:PLAINTEXT,CONTROLLER:PLAINTEXT',
    KAFKA_INTER_BROKER_LISTENER_NAME: 'INTERNAL',
    KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
    KAFKA_LOG_DIRS: '/var/lib/kafka/data',
    KAFKA_AUTO_CREATE_TOPICS_ENABLE: 'false',
    KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: '1',
    KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS: '4',
    KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR: '1',
    KAFKA_TRANSACTION_STATE_LOG_MIN_ISR: '1',
    KAFKA_TRANSACTION_STATE_LOG_NUM_PARTITIONS: '4',
    KAFKA_SHARE_COORDINATOR_STATE_TOPIC_REPLICATION_FACTOR: '1',
    KAFKA_SHARE_COORDINATOR_STATE_TOPIC_MIN_ISR: '1',
    KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: '0',
  };
}

/**
 * Containers of the official images. Their ports on the host are chosen beforehand: Kafka must advertise its own
 * before it starts, and a container that is started again would be given another one.
 */
export async function startContainerBackend(): Promise<Backend> {
  const [kafkaPort, clickhousePort] = [await pickFreePort(), await pickFreePort()];
  const broker = `127.0.0.1:${kafkaPort}`;
  const origin = `127.0.0.1:${clickhousePort}`;
  const started: StartedTestContainer[] = [];
  const stop = async () => {
    await Promise.all(started.map((container) => container.stop({ remove: true, removeVolumes: true })));
  };
  const start = async (container: GenericContainer) => {
    const running = await container.withStartupTimeout(START_MS).start();
    started.push(running);
    return running;
  };
  const [kafka, clickhouse] = await Promise.allSettled([
    start(
      new GenericContainer(KAFKA_IMAGE)
        .withEnvironment(kafkaVariables(kafkaPort))
        .withExposedPorts({ container: 9092, host: kafkaPort })
        .withWaitStrategy(Wait.forLogMessage(/Kafka Server started/)),
    ),
    start(
      new GenericContainer(CLICKHOUSE_IMAGE)
        .withEnvironment({ CLICKHOUSE_USER: 'cairn', CLICKHOUSE_PASSWORD: 'cairn' })
        .withExposedPorts({ container: 8123, host: clickhousePort })
        .withWaitStrategy(Wait.forHttp('/ping', 8123)),
    ),
  ]);
  if (kafka.status === 'rejected' || clickhouse.status === 'rejected') {
    await stop();
    throw kafka.status === 'rejected' ? kafka.reason : (clickhouse as PromiseRejectedResult).reason;
  }
  return {
    brokers: [broker],
    clickhouseUrl: `http://cairn:cairn@${origin}`,
    kafka: await serverOf('Kafka', kafka.value, () => kafkaAnswers(broker)),
    clickhouse: await serverOf('ClickHouse', clickhouse.value, async () => {
      return (await fetch(`http://${origin}/ping`)).ok;
    }),
    stop,
  };
}

async function serverOf(
  name: string,
  started: StartedTestContainer,
  answers: () => Promise<boolean>,
): Promise<TestServer> {
  const engine = await getContainerRuntimeClient();
  const container = engine.container.getById(started.getId());
  return {
    async pause() {
      await container.pause();
    },
    async resume() {
      await container.unpause();
    },
    async killAndRestart() {
      await container.kill();
      await container.wait();
      await container.start();
      await until(`${name} to come back`, answers);
    },
  };
}

async function kafkaAnswers(broker: string): Promise<boolean> {
  const kafka = new Kafka({ brokers: [broker], logLevel: logLevel.NOTHING, retry: { retries: 0 } });
  const admin = kafka.admin();
  try {
    await admin.connect();
    await admin.describeCluster();
    return true;
  } finally {
    await admin.disconnect();
  }
}
