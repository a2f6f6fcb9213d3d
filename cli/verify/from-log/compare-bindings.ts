import type { ResolvedDevice, StoredBinding } from '#queries/resolved-rows.ts';
import { type Comparison, type DifferentRow, differentColumns, onlyFound, onlyInLog } from './findings.ts';
import { IdMap } from './id-map.ts';
import type { JudgedBinding, People } from './people.ts';
import { resolve } from './users.ts';

const COLUMNS: readonly (keyof StoredBinding)[] = [
  'to_user_id',
  'identity',
  'bound_at',
  'time',
  'source',
  'event_id',
  'origin_partition',
  'origin_offset',
  'counts',
  'reason',
];

const describe = (environment: number, from: number) => ({
  environment,
  id: from,
  key: `binding of ${from} (environment ${environment})`,
});

/** Compares bindings and their verdicts. */
export function compareBindings(judged: IdMap<JudgedBinding>, rows: readonly StoredBinding[]): Comparison {
  const different: DifferentRow[] = [];
  const seen = new IdMap<true>();
  let surplus = 0;
  for (const row of rows) {
    const at = describe(row.environment, row.from_user_id);
    const own = judged.get(row.environment, row.from_user_id);
    if (own === undefined || seen.has(row.environment, row.from_user_id)) {
      surplus += 1;
      different.push(onlyFound({ ...at, key: `${at.key} to ${row.to_user_id}` }));
      continue;
    }
    seen.set(row.environment, row.from_user_id, true);
    const { partition, offset, ...binding } = own.binding;
    const expected = {
      ...binding,
      origin_partition: partition,
      origin_offset: offset,
      counts: own.counts ? 1 : 0,
      reason: own.reason,
    };
    const columns = differentColumns(expected, row, COLUMNS);
    if (columns.length > 0) different.push({ ...at, columns });
  }
  let bindings = 0;
  for (const [environment, from] of judged.entries()) {
    bindings += 1;
    if (!seen.has(environment, from)) different.push(onlyInLog(describe(environment, from)));
  }
  return { compared: bindings + surplus, different };
}

/** Compares who the events of each device belong to, as the resolver says and as the log says. */
export function compareResolvedDevices(
  { devices }: People,
  judged: IdMap<JudgedBinding>,
  rows: readonly ResolvedDevice[],
): Comparison {
  const found = new IdMap<number>();
  for (const { environment, device_id, user_id } of rows) found.set(environment, device_id, user_id);
  const different: DifferentRow[] = [];
  let compared = 0;
  for (const [environment, id, { events }] of devices.entries()) {
    if (events === 0) continue;
    compared += 1;
    const expected = resolve(judged, environment, id);
    const actual = found.get(environment, id) ?? id;
    if (expected === actual) continue;
    different.push({
      environment,
      id,
      key: `${events} events of device ${id} (environment ${environment})`,
      columns: [{ column: 'user_id', log: expected, found: actual }],
    });
  }
  return { compared, different };
}
