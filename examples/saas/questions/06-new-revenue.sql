WITH days AS
(
  SELECT toDate(arrayJoin(range(toUInt32(min(toDate(time))), toUInt32(today()) + 1))) AS day FROM main_production.started_membership
),
kinds AS (SELECT itemname AS kind, count() AS weight FROM main_production.started_membership GROUP BY kind)
SELECT kinds.kind AS "itemName", days.day AS day, ifNull(sumIf(events.itemprice, events.event_id != 0), 0) AS "Started Membership: sum of itemPrice"
FROM kinds CROSS JOIN days
LEFT JOIN (SELECT *, itemname AS kind, toDate(time) AS day FROM main_production.started_membership) AS events ON events.kind = kinds.kind AND events.day = days.day
GROUP BY kinds.kind, kinds.weight, days.day
ORDER BY kinds.weight DESC, kinds.kind, day
