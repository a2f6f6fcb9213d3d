WITH days AS
(
  SELECT toDate(arrayJoin(range(toUInt32(min(toDate(time))), toUInt32(today()) + 1))) AS day FROM main_production.completed_order
),
kinds AS (SELECT payment_method AS kind, count() AS weight FROM main_production.completed_order GROUP BY kind)
SELECT kinds.kind AS "Payment Method", days.day AS day, countIf(events.event_id != 0) AS "Completed Order"
FROM kinds CROSS JOIN days
LEFT JOIN (SELECT *, payment_method AS kind, toDate(time) AS day FROM main_production.completed_order) AS events ON events.kind = kinds.kind AND events.day = days.day
GROUP BY kinds.kind, kinds.weight, days.day
ORDER BY kinds.weight DESC, kinds.kind, day
