import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** Metrics of a loader. */
export class LoaderMetrics {
  readonly registry = new Registry();
  readonly rows = new Counter({
    name: 'cairn_loader_rows_total',
    help: 'Rows inserted into ClickHouse.',
    labelNames: ['table'],
    registers: [this.registry],
  });
  readonly insertSeconds = new Histogram({
    name: 'cairn_loader_insert_seconds',
    help: 'Duration of an insert.',
    labelNames: ['table'],
    buckets: [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30],
    registers: [this.registry],
  });
  readonly lagSeconds = new Gauge({
    name: 'cairn_loader_lag_seconds',
    help: 'Age of the last record loaded, from its receive time, when it was loaded.',
    labelNames: ['topic', 'partition'],
    registers: [this.registry],
  });
  readonly rejected = new Counter({
    name: 'cairn_stage_rejected_total',
    help: 'Records written to events.rejected, by the code of the reason.',
    labelNames: ['topic', 'code'],
    registers: [this.registry],
  });
  readonly retries = new Counter({
    name: 'cairn_loader_clickhouse_retries_total',
    help: 'Attempts repeated because ClickHouse did not answer.',
    registers: [this.registry],
  });
  readonly mended = new Counter({
    name: 'cairn_loader_rows_mended_total',
    help: 'Rows that ClickHouse had taken for inserted when it died, and had not.',
    labelNames: ['table'],
    registers: [this.registry],
  });
  readonly namesLeftOut = new Gauge({
    name: 'cairn_loader_names_left_out',
    help: 'Event and property names without a view or column, because their environment has too many. Beyond 20 000 of a kind, one for each table.',
    labelNames: ['environment'],
    registers: [this.registry],
  });
  readonly viewsRefused = new Counter({
    name: 'cairn_loader_views_refused_total',
    help: 'Views that ClickHouse refused; they stay as they were.',
    registers: [this.registry],
  });
  readonly bindings = new Counter({
    name: 'cairn_loader_bindings_total',
    help: 'Verdicts on bindings that were written; reason is empty where the binding counts.',
    labelNames: ['reason'],
    registers: [this.registry],
  });
  readonly squashed = new Counter({
    name: 'cairn_loader_squashed_rows_total',
    help: 'Rows whose stored user id was brought up to what readers see.',
    labelNames: ['table'],
    registers: [this.registry],
  });
  readonly squashFailures = new Counter({
    name: 'cairn_loader_squash_failures_total',
    help: 'Rewrites of stored user ids that ClickHouse could not finish and that were given up until the next round.',
    registers: [this.registry],
  });

  readonly crowds = new Gauge({
    name: 'cairn_loader_crowded_identities',
    help: 'Identities with more devices than CAIRN_CROWDED_IDENTITY: as a rule one name that is sent for everybody.',
    labelNames: ['environment'],
    registers: [this.registry],
  });

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }
}
