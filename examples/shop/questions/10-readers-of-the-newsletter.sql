WITH events AS
(
  SELECT user_id, (time, event_id) AS at, 1 AS step FROM main_production.add_to_cart
  UNION ALL
  SELECT user_id, (time, event_id), 2 FROM main_production.completed_order
  UNION ALL
  SELECT user_id, (time, event_id), 3 FROM main_production.product_review_published
),
reached AS
(
  -- From the earliest event of each step on: each next step is the first one after it.
  SELECT user_id, arrayFold((done, one) -> if(one.2 = done + 1, one.2, done), arraySort(groupArray((at, step))), toUInt8(0)) AS done
  FROM events WHERE user_id IN (SELECT user_id FROM main_production.users WHERE email_opt_in = true)
  GROUP BY user_id HAVING done > 0
)
SELECT n AS step, ['Add to Cart', 'Completed Order', 'Product Review Published'][n] AS event, countIf(done >= n) AS users,
  users / first_value(users) OVER (ORDER BY step) AS "of first",
  users / nullIf(lagInFrame(users, 1, users) OVER (ORDER BY step), 0) AS "of previous"
FROM reached
ARRAY JOIN range(1, 4) AS n
GROUP BY n
ORDER BY step
