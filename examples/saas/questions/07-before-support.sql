WITH events AS
(
  SELECT user_id, device_id, session_id, time, event_id, 'Support Request' AS label FROM main_production.support_request
  UNION ALL
  SELECT user_id, device_id, session_id, time, event_id, 'Errors' FROM main_production.errors
  UNION ALL
  SELECT user_id, device_id, session_id, time, event_id, 'Logged In' FROM main_production.logged_in
  UNION ALL
  SELECT user_id, device_id, session_id, time, event_id, multiIf(path = '/invoices', 'Invoices', path = '/bank-feeds', 'Bank feeds', 'Another page')
  FROM main_production.pageviews
  WHERE path IN ('/invoices', '/bank-feeds') OR domain = 'app.ledgerly.example'
),
visits AS
(
  SELECT any(user_id) AS who, arrayMap(one -> one.2, arraySort(groupArray(((time, event_id), label)))) AS names
  FROM events
  WHERE session_id != 0
  GROUP BY device_id, session_id
),
walks AS
(
  SELECT who, arrayJoin(arrayMap(place -> arraySlice(names, greatest(place - 3, 1), least(place, 4)),
    arrayFilter(place -> names[place] = 'Support Request', arrayEnumerate(names)))) AS steps
  FROM visits
),
sequences AS
(
  SELECT steps, count() AS times, groupUniqArray(who) AS people,
    least(row_number() OVER (ORDER BY times DESC, steps), 9) AS place
  FROM walks GROUP BY steps
)
SELECT sum(times) AS paths, length(groupUniqArrayArray(people)) AS users,
  if(place > 8, '(others)', nullIf(any(steps)[1], '')) AS "step 0",
  if(place > 8, NULL, nullIf(any(steps)[2], '')) AS "step 1",
  if(place > 8, NULL, nullIf(any(steps)[3], '')) AS "step 2",
  if(place > 8, NULL, nullIf(any(steps)[4], '')) AS "step 3"
FROM sequences
GROUP BY place
ORDER BY place
