import type { ClickHouse } from '#lib/clickhouse/client.ts';
import type { Environment } from '#lib/config/environments.ts';
import { REPEAT_SETTINGS } from '../core/columns.ts';
import { decodeMigrations } from '../core/migration-rows.ts';
import { tokenOf } from '../core/position.ts';
import type { CrowdWatch } from './crowd-watch.ts';
import type { DeadLetters } from './dead-letters.ts';
import { IdentityResolver } from './identity-resolver.ts';
import type { LoaderMetrics } from './loader-metrics.ts';
import type { ChunkLoader } from './loading-consumer.ts';
import type { PatientClickHouse } from './patient-clickhouse.ts';

/** How often bindings are looked over for devices that have become known as an identity's own id since. */
const RECHECK_MS = 3000;
/** How often they are looked over whatever was noted since. */
const RECHECK_ALL_MS = 60 * 60 * 1000;

/** Loads bindings. Chunks and looks-over never overlap, so the resolver writes one thing at a time. */
export function createIdentityLoader(options: {
  patient: PatientClickHouse;
  deadLetters: DeadLetters;
  generation: number;
  environments: readonly Environment[];
  crowds: CrowdWatch;
  metrics: LoaderMetrics;
  fail: (error: unknown) => void;
}): { load: ChunkLoader; own: (isNow: boolean) => void; stop: () => Promise<void> } {
  const { patient, deadLetters, generation, environments, crowds, metrics, fail } = options;
  const resolver = new IdentityResolver({ generation, environments, metrics });
  let last: Promise<unknown> = Promise.resolve();
  /** Only the owner of the partitions writes verdicts, and it may change. */
  let isOwner = false;
  let isStopping = false;
  let rechecks = 0;

  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = last.then(work);
    last = turn.catch(() => undefined);
    return turn;
  }

  const timer = setInterval(() => {
    if (!isOwner || isStopping) return;
    rechecks += 1;
    const isAllDue = rechecks % (RECHECK_ALL_MS / RECHECK_MS) === 0;
    inTurn(async () => {
      const isWanted = () => isOwner && !isStopping;
      await patient.call((clickHouse) => resolver.recheck(clickHouse, isAllDue), isWanted);
      await patient.call((clickHouse) => resolver.rebase(clickHouse), isWanted);
      await patient.call((clickHouse) => crowds.look(clickHouse), isWanted);
    }).catch((error: unknown) => {
      if (isOwner && !isStopping) fail(error);
    });
  }, RECHECK_MS);

  return {
    own(isNow) {
      isOwner = isNow;
      // Another may have owned them meanwhile.
      resolver.forget();
      crowds.forget();
    },
    load: ({ topic, partition }, range, records, isWanted, isRepeat) =>
      inTurn(async () => {
        const { rows, refusals, outcomes, streamTimeMs } = decodeMigrations(partition, records);
        const token = tokenOf(generation, topic, partition, range, 'user_migrations');
        let isFirst = !isRepeat;
        const add = (clickHouse: ClickHouse) => {
          const wasFirst = isFirst;
          isFirst = false;
          const settings = wasFirst ? { insert_deduplication_token: token } : REPEAT_SETTINGS;
          return resolver.add(clickHouse, rows, settings, !wasFirst);
        };
        if (rows.length > 0) await patient.call(add, isWanted);
        crowds.note(rows);
        await deadLetters({ topic, partition }, refusals);
        for (const { code } of refusals) metrics.rejected.inc({ topic, code });
        return { outcomes, streamTimeMs };
      }),
    async stop() {
      isStopping = true;
      clearInterval(timer);
      await last;
    },
  };
}
