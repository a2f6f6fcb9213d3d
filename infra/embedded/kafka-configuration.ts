import { LOOPBACK } from './ports.ts';

/** Names inside Kafka's folder of the data directory, which is the broker's working directory. */
export const KAFKA_FILES = {
  properties: 'server.properties',
  logging: 'log4j2.xml',
  log: 'server.log',
  /** Relative, because log.dirs is a list and a comma in a path cannot be escaped. */
  data: 'data',
} as const;

/**
 * server.properties of a single node that is broker and controller in one. Topics say for themselves how
 * long they are kept; committed offsets are kept as long as Kafka can, because a stage that was off for
 * weeks must go on where it was.
 */
export function kafkaProperties(port: number, controllerPort: number): string {
  const properties = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@${LOOPBACK}:${controllerPort}`,
    listeners: `BROKER://${LOOPBACK}:${port},CONTROLLER://${LOOPBACK}:${controllerPort}`,
    'advertised.listeners': `BROKER://${LOOPBACK}:${port}`,
    'listener.security.protocol.map': 'BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'inter.broker.listener.name': 'BROKER',
    'controller.listener.names': 'CONTROLLER',
    'log.dirs': KAFKA_FILES.data,
    'auto.create.topics.enable': false,
    'default.replication.factor': 1,
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 4,
    'offsets.retention.minutes': 2_147_483_647,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'transaction.state.log.num.partitions': 4,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    'group.initial.rebalance.delay.ms': 0,
    // A node alone waits for its own next heartbeat when it starts and when it stops.
    'broker.heartbeat.interval.ms': 250,
    // After a crash it is refused until the session of its former self has ended: 9 s by default.
    'broker.session.timeout.ms': 3000,
    // 128 MB by default, a quarter of the heap; this holds the keys of 1.4 M records in each pass.
    'log.cleaner.dedupe.buffer.size': 33_554_432,
  };
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

/** Everything from INFO up goes to a file of bounded size; only errors go to standard output, for our own messages. */
export const KAFKA_LOGGING = `<Configuration status="warn">
  <Appenders>
    <RollingFile name="file" fileName="${KAFKA_FILES.log}" filePattern="${KAFKA_FILES.log}.%i">
      <PatternLayout pattern="%d{ISO8601} %p %c{1}: %m%n"/>
      <SizeBasedTriggeringPolicy size="10MB"/>
      <DefaultRolloverStrategy max="2"/>
    </RollingFile>
    <Console name="console">
      <PatternLayout pattern="%p %c{1}: %m%n%ex{2}"/>
    </Console>
  </Appenders>
  <Loggers>
    <Root level="info">
      <AppenderRef ref="file"/>
      <AppenderRef ref="console" level="error"/>
    </Root>
  </Loggers>
</Configuration>
`;
