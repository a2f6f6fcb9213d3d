WITH events AS
(
  SELECT user_id, (time, event_id) AS at, 1 AS step FROM main_production.started_trial
  UNION ALL
  SELECT user_id, (time, event_id), 2 FROM main_production.started_membership
  UNION ALL
  SELECT user_id, (time, event_id), 3 FROM main_production.bill_paid
),
reached AS
(
  -- From the earliest event of each step on: each next step is the first one after it.
  SELECT user_id, arrayFold((done, one) -> if(one.2 = done + 1, one.2, done), arraySort(groupArray((at, step))), toUInt8(0)) AS done
  FROM events GROUP BY user_id HAVING done > 0
)
SELECT n AS step, ['Started Trial', 'Started Membership', 'Bill Paid'][n] AS event, countIf(done >= n) AS users,
  users / first_value(users) OVER (ORDER BY step) AS "of first",
  users / nullIf(lagInFrame(users, 1, users) OVER (ORDER BY step), 0) AS "of previous"
FROM reached
ARRAY JOIN range(1, 4) AS n
GROUP BY n
ORDER BY step
