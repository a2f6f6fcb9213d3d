import type { Environment } from '#lib/config/environments.ts';
import { accept } from '../../services/collector/core/accept.ts';
import { NO_CLIENT } from '../../services/collector/core/client.ts';
import type { Batch, OutboundRow } from './outbox.ts';
import type { RowRefusal } from './source.ts';
import type { Subject } from './subject.ts';

export type Checked = {
  readonly accepted: number;
  readonly refused: readonly { readonly row: OutboundRow; readonly refusal: RowRefusal }[];
  /** How many rows the collector would change, by how: `value_truncated` and the like. */
  readonly changed: ReadonlyMap<string, number>;
};

/** Judges rows by the rules the collector has, with its default settings, and sends nothing. */
export function checkRows(batch: Batch, subject: Subject, environment: Environment, nowMs: number): Checked {
  const rows = batch.map(({ json }) => JSON.parse(json) as unknown);
  const outcome = accept(
    subject.path,
    { app_id: environment.appId, [subject.list]: rows },
    {
      environments: new Map([[environment.appId, environment]]),
      plans: new Map(),
      refusePlaceholders: true,
      maxAgeMs: Number.POSITIVE_INFINITY,
      receivedAt: nowMs,
      newId: () => 1,
      client: NO_CLIENT,
    },
  );
  if ('error' in outcome) throw new Error(outcome.message);
  const changed = new Map<string, number>();
  for (const { flags } of outcome.accepted)
    for (const flag of flags) changed.set(flag, (changed.get(flag) ?? 0) + 1);
  return {
    accepted: outcome.accepted.length,
    refused: outcome.rejected.map(({ index, code, message }) => ({
      row: batch[index]!,
      refusal: { code, message },
    })),
    changed,
  };
}
