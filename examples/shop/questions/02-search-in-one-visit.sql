WITH events AS
(
  SELECT (device_id, session_id) AS visit, (time, event_id) AS at, 1 AS step FROM main_production.search_bar WHERE session_id != 0
  UNION ALL
  SELECT (device_id, session_id), (time, event_id), 2 FROM main_production.pageviews WHERE session_id != 0 AND startsWith(path, '/p/')
  UNION ALL
  SELECT (device_id, session_id), (time, event_id), 3 FROM main_production.add_to_cart WHERE session_id != 0
),
reached AS
(
  -- From the earliest event of each step on: each next step is the first one after it.
  SELECT visit, arrayFold((done, one) -> if(one.2 = done + 1, one.2, done), arraySort(groupArray((at, step))), toUInt8(0)) AS done
  FROM events GROUP BY visit HAVING done > 0
)
SELECT n AS step, ['Search Bar', 'Product page', 'Add to Cart'][n] AS event, countIf(done >= n) AS sessions,
  sessions / first_value(sessions) OVER (ORDER BY step) AS "of first",
  sessions / nullIf(lagInFrame(sessions, 1, sessions) OVER (ORDER BY step), 0) AS "of previous"
FROM reached
ARRAY JOIN range(1, 4) AS n
GROUP BY n
ORDER BY step
