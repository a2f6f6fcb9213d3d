WITH visits AS
(
  SELECT toDate(time) AS day, user_id, dateDiff('millisecond', time, ended_at) AS ms, event_count, pageview_count
  FROM main_production.sessions
)
SELECT day, count() AS sessions, uniqExact(user_id) AS users,
  quantileExact(0.5)(ms) AS "median duration ms", avg(ms) AS "average duration ms",
  avg(event_count) AS "events each", avg(pageview_count) AS "pageviews each", countIf(event_count = 1) AS bounced
FROM visits
GROUP BY day
ORDER BY day
