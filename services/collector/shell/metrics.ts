import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** What the collector counts, in a registry of its own. */
export function createMetrics(bytesInFlight: () => number) {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  new Gauge({
    name: 'cairn_collector_bytes_in_flight',
    help: 'Bytes of bodies and of records that Kafka has not acknowledged yet.',
    registers,
    collect() {
      this.set(bytesInFlight());
    },
  });
  return {
    registry,
    requests: new Counter({
      name: 'cairn_collector_requests_total',
      help: 'Requests answered, by route and status.',
      labelNames: ['route', 'status'] as const,
      registers,
    }),
    accepted: new Counter({
      name: 'cairn_collector_accepted_total',
      help: 'Inputs acknowledged by Kafka, by kind.',
      labelNames: ['kind'] as const,
      registers,
    }),
    rejected: new Counter({
      name: 'cairn_collector_rejected_total',
      help: 'Rows and requests refused, by code.',
      labelNames: ['code'] as const,
      registers,
    }),
    planViolations: new Counter({
      name: 'cairn_collector_plan_violations_total',
      help: 'Inputs that are not as the tracking plan of their environment says, by what is wrong first and what was done.',
      labelNames: ['environment', 'code', 'action'] as const,
      registers,
    }),
    ticks: new Counter({
      name: 'cairn_collector_ticks_total',
      help: 'Ticks written to silent partitions.',
      registers,
    }),
    sendSeconds: new Histogram({
      name: 'cairn_collector_publish_seconds',
      help: 'Time from a send to its acknowledgement by Kafka.',
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers,
    }),
  };
}

export type Metrics = ReturnType<typeof createMetrics>;
