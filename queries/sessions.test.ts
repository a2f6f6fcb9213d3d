import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type QuestionDatabase, startQuestionDatabase } from '../test/support/question-database.ts';
import { type SessionsRow, sessionsQuery } from './sessions.ts';

let database: QuestionDatabase;

before(async () => {
  database = await startQuestionDatabase();
  const { clickhouse } = database;
  await clickhouse.command({ query: 'CREATE DATABASE shop' });
  await clickhouse.command({
    query: `CREATE TABLE shop.sessions (user_id UInt64, time DateTime64(3, 'UTC'), ended_at DateTime64(3, 'UTC'),
      event_count UInt64, pageview_count UInt64) ENGINE = Memory`,
  });
  await clickhouse.insert({
    table: 'shop.sessions',
    format: 'JSONEachRow',
    values: [
      {
        user_id: 1,
        time: '2026-03-01 10:00:00',
        ended_at: '2026-03-01 10:00:00',
        event_count: 1,
        pageview_count: 1,
      },
      {
        user_id: 1,
        time: '2026-03-01 12:00:00',
        ended_at: '2026-03-01 12:00:02.5',
        event_count: 4,
        pageview_count: 2,
      },
      {
        user_id: 2,
        time: '2026-03-02 00:00:00',
        ended_at: '2026-03-02 00:01:00',
        event_count: 7,
        pageview_count: 0,
      },
    ],
  });
});

after(() => database.stop());

test('sessionsQuery() counts sessions, their length and their events', async () => {
  assert.deepEqual(await database.rowsOf<SessionsRow>(sessionsQuery({ database: 'shop' })), [
    {
      sessions: 3,
      users: 2,
      median_duration_s: 2.5,
      average_duration_s: 62.5 / 3,
      events_per_session: 4,
      pageviews_per_session: 1,
      bounced: 1,
    },
  ]);
});

test('sessionsQuery() takes a range by the start of a session, the end exclusive', async () => {
  const range = { fromMs: Date.UTC(2026, 2, 1, 12), toMs: Date.UTC(2026, 2, 2) };
  const [row] = await database.rowsOf<SessionsRow>(sessionsQuery({ database: 'shop', ...range }));
  assert.equal(row?.sessions, 1);
});

test('sessionsQuery() knows no duration where there are no sessions', async () => {
  const [row] = await database.rowsOf<SessionsRow>(sessionsQuery({ database: 'shop', toMs: 0 }));
  assert.deepEqual(row, {
    sessions: 0,
    users: 0,
    median_duration_s: null,
    average_duration_s: null,
    events_per_session: null,
    pageviews_per_session: null,
    bounced: 0,
  });
});
