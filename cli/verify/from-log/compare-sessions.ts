import { type ResolvedSession, SESSION_COLUMNS } from '#queries/resolved-rows.ts';
import { sessionCodec } from '#schemas/codec.ts';
import { parseSessionKey, sessionKey } from '#schemas/ids.ts';
import type { Session } from '#schemas/types.ts';
import { type Comparison, type DifferentRow, differentColumns, onlyFound, onlyInLog } from './findings.ts';

type Key = Pick<Session, 'environment' | 'device_id' | 'session_id'>;

const textOf = ({ environment, device_id, session_id }: Key) =>
  sessionKey(environment, device_id, session_id).toString('latin1');

const describe = ({ environment, device_id, session_id }: Key) => ({
  environment,
  id: device_id,
  key: `session ${session_id} of device ${device_id} (environment ${environment})`,
});

/** Compares the final rows of a partition's sessions, every column. `sessions` are encoded, by their key as latin1 text. */
export async function compareSessions(
  sessions: ReadonlyMap<string, Buffer>,
  rows: AsyncIterable<Session>,
  isRejected: (key: string) => boolean,
): Promise<Comparison> {
  const different: DifferentRow[] = [];
  const seen = new Set<string>();
  let surplus = 0;
  for await (const row of rows) {
    const key = textOf(row);
    const value = sessions.get(key);
    if (value === undefined || seen.has(key)) {
      surplus += 1;
      different.push(onlyFound(describe(row)));
      continue;
    }
    seen.add(key);
    if (isRejected(key)) continue;
    const columns = differentColumns(sessionCodec.decode(value), row, SESSION_COLUMNS);
    if (columns.length > 0) different.push({ ...describe(row), columns });
  }
  for (const [key, value] of sessions)
    if (!seen.has(key) && !isRejected(key)) different.push(onlyInLog(describe(sessionCodec.decode(value))));
  return { compared: sessions.size + surplus, different };
}

/**
 * Compares which session readers see for events of absorbed ones. `stored` are the sessions that events of the
 * partition are stored under, by key as latin1 text.
 */
export function compareResolvedSessions(
  sessions: ReadonlyMap<string, Buffer>,
  stored: ReadonlySet<string>,
  resolved: readonly ResolvedSession[],
): Comparison {
  const found = new Map(resolved.map((row) => [textOf(row), row]));
  const different: DifferentRow[] = [];
  for (const key of stored) {
    const {
      environment,
      deviceId: device_id,
      sessionId: session_id,
    } = parseSessionKey(Buffer.from(key, 'latin1'));
    const value = sessions.get(key);
    const row = found.get(key);
    found.delete(key);
    const expected = (value === undefined ? 0 : sessionCodec.decode(value).merged_into) || session_id;
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
