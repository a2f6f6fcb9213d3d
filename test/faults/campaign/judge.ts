import { type ClickHouse, createClickHouse } from '#lib/clickhouse/client.ts';
import { canonicalUserId } from '#schemas/ids.ts';
import { until } from '../../support/until.ts';
import type { Ledger } from './ledger.ts';

const ENVIRONMENT = 1;
const MOST_EXAMPLES = 5;

type EventRow = {
  readonly n: number;
  readonly rows: number;
  readonly name: string;
  readonly device_id: number;
  readonly user_id: number;
  readonly session_id: number;
};

/** Differences between what clients know and what readers of ClickHouse see; empty where there are none. */
export async function judge(ledger: Ledger, clickhouseUrl: string): Promise<string[]> {
  const clickHouse = createClickHouse({ url: clickhouseUrl });
  const problems = new Problems();
  const identities = identitiesOf(ledger);
  const rows = await ask<EventRow>(
    clickHouse,
    `SELECT properties.n::UInt64 AS n, count() AS rows, any(name) AS name, any(device_id) AS device_id,
any(user_id) AS user_id, any(session_id) AS session_id FROM cairn.resolved_events GROUP BY n`,
  );
  const found = new Map(rows.map((row) => [row.n, row]));
  for (const event of ledger.events.values()) {
    const row = found.get(event.n);
    if (row === undefined) {
      if (event.acknowledged) problems.add('acknowledged events are lost', event.n);
      continue;
    }
    if (row.rows > 1) problems.add('events are there more than once', event.n);
    if (row.name !== event.name || row.device_id !== event.deviceId)
      problems.add('events are not what was sent', event.n);
    if (!usersOf(event.deviceId, event.identity, identities).includes(row.user_id))
      problems.add('events belong to the wrong user', event.n);
    if (
      event.source === 'server'
        ? row.session_id !== 0
        : row.session_id !== (event.sessionId ?? row.session_id)
    )
      problems.add('events are in the wrong session', event.n);
    if (event.source !== 'server' && row.session_id === 0)
      problems.add('client events are in no session', event.n);
  }
  for (const { n } of rows) if (!ledger.events.has(n)) problems.add('events were never sent', n);
  await judgeChanges(ledger, clickHouse, problems);
  await judgeDerived(clickHouse, problems);
  return problems.list();
}

type Binding = { readonly identity: string; isSure: boolean };

/** What devices are bound to: a device of a ledger names one identity only. */
function identitiesOf(ledger: Ledger): Map<number, Binding> {
  const bindings = new Map<number, Binding>();
  for (const { deviceId, identity, acknowledged } of ledger.identifies) {
    const binding = bindings.getOrInsert(deviceId, { identity, isSure: false });
    binding.isSure ||= acknowledged;
  }
  return bindings;
}

function usersOf(
  deviceId: number,
  identity: string | undefined,
  bindings: ReadonlyMap<number, Binding>,
): readonly number[] {
  if (identity !== undefined) return [canonicalUserId(ENVIRONMENT, identity)];
  const binding = bindings.get(deviceId);
  if (binding === undefined) return [deviceId];
  const user = canonicalUserId(ENVIRONMENT, binding.identity);
  return binding.isSure ? [user] : [user, deviceId];
}

async function judgeChanges(ledger: Ledger, clickHouse: ClickHouse, problems: Problems): Promise<void> {
  const rows = await ask<{ n: number; device_id: number }>(
    clickHouse,
    'SELECT DISTINCT properties.n::UInt64 AS n, device_id FROM cairn.user_properties',
  );
  const found = new Map(rows.map(({ n, device_id }) => [n, device_id]));
  for (const { n, deviceId, acknowledged } of ledger.changes.values()) {
    const device = found.get(n);
    if (device === undefined && acknowledged) problems.add('acknowledged property changes are lost', n);
    if (device !== undefined && device !== deviceId)
      problems.add('property changes are of the wrong device', n);
  }
  for (const { n } of rows) if (!ledger.changes.has(n)) problems.add('property changes were never sent', n);
}

/** What ClickHouse and the stages derive from the events must agree with the events. */
const DERIVED: readonly (readonly [problem: string, sql: string])[] = [
  [
    'devices of events are missing in cairn.devices',
    `SELECT DISTINCT device_id AS n FROM cairn.events WHERE device_id NOT IN (SELECT device_id FROM cairn.devices)`,
  ],
  [
    'sessions do not count their events',
    `SELECT session_id AS n FROM (
  SELECT device_id, session_id, event_count AS claimed, 0 AS found FROM cairn.sessions FINAL WHERE merged_into = 0
  UNION ALL
  SELECT device_id, session_id, 0, count() FROM cairn.resolved_events WHERE session_id != 0 GROUP BY device_id, session_id
) GROUP BY device_id, session_id HAVING sum(claimed) != sum(found)`,
  ],
  [
    'bindings are not as the newest verdict says',
    `SELECT from_user_id AS n FROM cairn.user_migrations FINAL
WHERE counts = 1 AND dictGetOrDefault('cairn.recent_identities_g1', 'user_id',
  bitOr(bitShiftLeft(toUInt64(environment), 53), from_user_id), 0::UInt64) != to_user_id`,
  ],
];

async function judgeDerived(clickHouse: ClickHouse, problems: Problems): Promise<void> {
  for (const [problem, sql] of DERIVED) {
    for (const { n } of await ask<{ n: number }>(clickHouse, sql)) problems.add(problem, n);
  }
}

/** Again where a connection that was kept open had been closed meanwhile. */
function ask<Row>(clickHouse: ClickHouse, sql: string): Promise<Row[]> {
  return until(`ClickHouse to answer ${sql}`, () =>
    clickHouse.query<Row>(sql, { output_format_json_quote_64bit_integers: 0 }),
  );
}

class Problems {
  readonly #examples = new Map<string, number[]>();

  add(problem: string, example: number): void {
    this.#examples.getOrInsertComputed(problem, () => []).push(example);
  }

  list(): string[] {
    return [...this.#examples].map(
      ([problem, examples]) =>
        `${examples.length} ${problem}: ${examples.slice(0, MOST_EXAMPLES).join(', ')}`,
    );
  }
}
