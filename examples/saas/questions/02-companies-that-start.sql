WITH events AS
(
  SELECT account_id, (time, event_id) AS at, 1 AS step FROM main_production.created_account AS e JOIN main_production.users AS u ON e.user_id = u.user_id WHERE account_id != ''
  UNION ALL
  SELECT account_id, (time, event_id), 2 FROM main_production.logged_in AS e JOIN main_production.users AS u ON e.user_id = u.user_id WHERE account_id != ''
  UNION ALL
  SELECT account_id, (time, event_id), 3 FROM main_production.started_membership AS e JOIN main_production.users AS u ON e.user_id = u.user_id WHERE account_id != ''
),
reached AS
(
  -- From the earliest event of each step on: each next step is the first one after it.
  SELECT account_id, arrayFold((done, one) -> if(one.2 = done + 1, one.2, done), arraySort(groupArray((at, step))), toUInt8(0)) AS done
  FROM events GROUP BY account_id HAVING done > 0
)
SELECT n AS step, ['Created Account', 'Logged In', 'Started Membership'][n] AS event, countIf(done >= n) AS accounts,
  accounts / first_value(accounts) OVER (ORDER BY step) AS "of first",
  accounts / nullIf(lagInFrame(accounts, 1, accounts) OVER (ORDER BY step), 0) AS "of previous"
FROM reached
ARRAY JOIN range(1, 4) AS n
GROUP BY n
ORDER BY step
