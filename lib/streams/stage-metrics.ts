import { Counter, Gauge, type Registry } from 'prom-client';

export type StageMetrics = {
  readonly records: Counter;
  readonly transactions: Counter;
  readonly restores: Counter;
  readonly failures: Counter;
  readonly rejected: Counter<'code'>;
  readonly streamTimeSeconds: Gauge<'partition'>;
  readonly facts: Gauge<'partition' | 'fact'>;
};

/** Metrics of a transactional stage. */
export function createStageMetrics(registry: Registry): StageMetrics {
  const registers = [registry];
  return {
    records: new Counter({
      name: 'cairn_stage_records_total',
      help: 'Records processed and committed.',
      registers,
    }),
    transactions: new Counter({
      name: 'cairn_stage_transactions_total',
      help: 'Transactions committed.',
      registers,
    }),
    restores: new Counter({
      name: 'cairn_stage_restores_total',
      help: 'Tasks opened: fenced and restored.',
      registers,
    }),
    failures: new Counter({
      name: 'cairn_stage_transaction_failures_total',
      help: 'Transactions that did not commit; their records were processed again.',
      registers,
    }),
    rejected: new Counter({
      name: 'cairn_stage_rejected_total',
      help: 'Records written to events.rejected, by the code of the reason.',
      labelNames: ['code'],
      registers,
    }),
    streamTimeSeconds: new Gauge({
      name: 'cairn_stage_stream_time_seconds',
      help: 'Largest receive time processed, Unix time.',
      labelNames: ['partition'],
      registers,
    }),
    facts: new Gauge({
      name: 'cairn_stage_state',
      help: 'What a partition’s state holds and what bounds it, as committed with its offset.',
      labelNames: ['partition', 'fact'],
      registers,
    }),
  };
}
