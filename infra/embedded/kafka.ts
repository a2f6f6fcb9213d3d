import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Kafka, logLevel } from 'kafkajs';
import { UnavailableError } from '#lib/errors.ts';
import { KAFKA_FILES, KAFKA_LOGGING, kafkaProperties } from './kafka-configuration.ts';
import { LOOPBACK, pickFreePort } from './ports.ts';
import { type ServerStart, whenReady } from './server-readiness.ts';
import { type SupervisedProcess, startSupervised } from './supervised-process.ts';

const run = promisify(execFile);
const READY_WITHIN_MS = 60_000;
const GRACE_MS = 10_000;
const ANSWER_TIMEOUT_MS = 1000;

const JVM = [
  '-Xmx512m',
  '-XX:+UseSerialGC',
  '-XX:+ExitOnOutOfMemoryError',
  `-Dlog4j2.configurationFile=${KAFKA_FILES.logging}`,
];

export type KafkaStart = ServerStart & {
  /** Path of the java command. */
  readonly java: string;
  /** Directory of Kafka's jars. */
  readonly jars: string;
};

/**
 * Starts a Kafka node on the loopback interface, with its data in `dataDir`/kafka, and resolves when it
 * answers. Throws UnavailableError where it does not come up.
 */
export async function startKafka(
  options: KafkaStart,
): Promise<SupervisedProcess & { readonly broker: string }> {
  const { java, port, signal } = options;
  const directory = join(options.dataDir, 'kafka');
  const outputFile = join(directory, 'kafka.out');
  const classPath = ['-cp', join(options.jars, '*')];
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, KAFKA_FILES.properties), kafkaProperties(port, await pickFreePort()));
  writeFileSync(join(directory, KAFKA_FILES.logging), KAFKA_LOGGING);
  const clusterId = await formatOnce(java, classPath, directory);
  const server = await startSupervised({
    command: java,
    args: [...JVM, ...classPath, 'kafka.Kafka', KAFKA_FILES.properties],
    directory,
    outputFile,
    pidFile: join(directory, 'pid'),
    graceMs: GRACE_MS,
  });
  const broker = `${LOOPBACK}:${port}`;
  await whenReady(server, {
    name: 'Kafka',
    isReady: () => answers(broker, clusterId),
    withinMs: READY_WITHIN_MS,
    logFile: outputFile,
    signal,
  });
  return { ...server, broker };
}

/** Id of the cluster in the data directory, which is formatted where it is new. */
async function formatOnce(java: string, classPath: readonly string[], directory: string): Promise<string> {
  const properties = join(directory, KAFKA_FILES.data, 'meta.properties');
  // Written last by the tool, so a format that was interrupted is done again.
  if (!existsSync(properties)) {
    const id = randomBytes(16);
    // Kafka's form is base64url, and one that begins with a dash would read as an option.
    id[0]! &= 0x7f;
    const args = [
      'format',
      '--ignore-formatted',
      '-c',
      KAFKA_FILES.properties,
      '-t',
      id.toString('base64url'),
    ];
    try {
      await run(java, [...JVM, ...classPath, 'kafka.tools.StorageTool', ...args], { cwd: directory });
    } catch (error) {
      throw new UnavailableError(`Cannot format the storage of Kafka: ${(error as Error).message.trim()}`, {
        cause: error,
      });
    }
  }
  return /^cluster\.id=(.*)$/m.exec(readFileSync(properties, 'utf8'))?.[1] ?? '';
}

/** Asks for the cluster's id too: another broker that took the port first would answer as well. */
async function answers(broker: string, clusterId: string): Promise<boolean> {
  const kafka = new Kafka({
    brokers: [broker],
    clientId: 'cairn-readiness',
    logLevel: logLevel.NOTHING,
    connectionTimeout: ANSWER_TIMEOUT_MS,
    requestTimeout: ANSWER_TIMEOUT_MS,
    retry: { retries: 0 },
  });
  const admin = kafka.admin();
  try {
    await admin.connect();
    const cluster = await admin.describeCluster();
    return cluster.clusterId === clusterId && cluster.brokers.length > 0;
  } catch {
    return false;
  } finally {
    await admin.disconnect();
  }
}
