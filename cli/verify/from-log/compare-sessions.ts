import { type ResolvedSession, SESSION_COLUMNS } from '#queries/resolved-rows.ts';
import { sessionCodec } from '#schemas/codec.ts';
import { sessionKey } from '#schemas/ids.ts';
import { readSessionHead } from '#schemas/session-head.ts';
import type { Session } from '#schemas/types.ts';
import { type Comparison, type DifferentRow, differentColumns, onlyFound, onlyInLog } from './findings.ts';

type Name = Pick<Session, 'environment' | 'device_id' | 'session_id'>;

/** Names a session, whatever parts it has. */
export const sessionName = ({ environment, device_id, session_id }: Name) =>
  `${environment}/${device_id}/${session_id}`;

const textOf = ({ environment, device_id, session_id, opened_at }: Session) =>
  sessionKey(environment, device_id, session_id, opened_at).toString('latin1');

const describe = ({ environment, device_id, session_id }: Name) => ({
  environment,
  id: device_id,
  key: `session ${session_id} of device ${device_id} (environment ${environment})`,
});

/** Columns that version 1 of a session's row did not have. */
const SINCE_VERSION_2 = ['opened_at', 'extended_at', 'absorbed_opened_at'];
const VERSION_1_COLUMNS = SESSION_COLUMNS.filter((column) => !SINCE_VERSION_2.includes(column));

/**
 * Compares the final rows of a partition's sessions, every column. `sessions` are encoded, by their key as latin1 text.
 * A row that does not say when it was opened is that of an older version: it is compared with the part of its session
 * that is otherwise not found.
 */
export async function compareSessions(
  sessions: ReadonlyMap<string, Buffer>,
  rows: AsyncIterable<Session>,
  isRejected: (key: string) => boolean,
): Promise<Comparison> {
  const different: DifferentRow[] = [];
  const seen = new Set<string>();
  const older = new Map<string, Session[]>();
  let surplus = 0;
  const compare = (value: Buffer, row: Session, columns: readonly string[]) => {
    const found = differentColumns(sessionCodec.decode(value), row, columns);
    if (found.length > 0) different.push({ ...describe(row), columns: found });
  };
  for await (const row of rows) {
    const key = textOf(row);
    const value = sessions.get(key);
    if (value === undefined && row.opened_at === 0) {
      older.getOrInsertComputed(sessionName(row), () => []).push(row);
    } else if (value === undefined || seen.has(key)) {
      surplus += 1;
      different.push(onlyFound(describe(row)));
    } else {
      seen.add(key);
      if (!isRejected(key)) compare(value, row, SESSION_COLUMNS);
    }
  }
  for (const [key, value] of sessions) {
    if (seen.has(key) || isRejected(key)) continue;
    const session = sessionCodec.decode(value);
    const row = older.get(sessionName(session))?.shift();
    if (row === undefined) different.push(onlyInLog(describe(session)));
    else compare(value, row, VERSION_1_COLUMNS);
  }
  for (const row of [...older.values()].flat()) {
    surplus += 1;
    different.push(onlyFound(describe(row)));
  }
  return { compared: sessions.size + surplus, different };
}

/**
 * Compares which session readers see for events of absorbed ones. `stored` are the sessions that events of the
 * partition are stored under, by name.
 */
export function compareResolvedSessions(
  sessions: ReadonlyMap<string, Buffer>,
  stored: ReadonlySet<string>,
  resolved: readonly ResolvedSession[],
): Comparison {
  const found = new Map(resolved.map((row) => [sessionName(row), row]));
  const survivors = new Map<string, number>();
  // Where more than one part of a session was absorbed, the last one leads readers on.
  const absorbed = [...sessions.values()]
    .map((value) => readSessionHead(value).head)
    .filter(({ merged_into }) => merged_into !== 0);
  for (const row of absorbed.toSorted((a, b) => a.updated_at - b.updated_at))
    survivors.set(sessionName(row), row.merged_into);
  const different: DifferentRow[] = [];
  for (const name of stored) {
    const [environment, device_id, session_id] = name.split('/').map(Number) as [number, number, number];
    const row = found.get(name);
    found.delete(name);
    const expected = survivors.get(name) ?? session_id;
    const actual = row?.resolved ?? session_id;
    if (expected === actual) continue;
    const at = describe({ environment, device_id, session_id });
    const columns = [{ column: 'session_id', log: expected, found: actual }];
    different.push({ ...at, key: `events of ${at.key}`, columns });
  }
  for (const row of found.values()) {
    const columns = [{ column: 'session_id', log: row.session_id, found: row.resolved }];
    different.push({ ...describe(row), key: `events of ${describe(row).key}`, columns });
  }
  return { compared: stored.size, different };
}
