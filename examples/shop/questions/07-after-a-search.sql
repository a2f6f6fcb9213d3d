WITH events AS
(
  SELECT user_id, device_id, session_id, time, event_id, 'Search Bar' AS label FROM main_production.search_bar
  UNION ALL
  SELECT user_id, device_id, session_id, time, event_id, 'Add to Cart' FROM main_production.add_to_cart
  UNION ALL
  SELECT user_id, device_id, session_id, time, event_id, multiIf(startsWith(path, '/p/'), 'Product', startsWith(path, '/c/'), 'Category', 'Checkout')
  FROM main_production.pageviews
  WHERE startsWith(path, '/p/') OR startsWith(path, '/c/') OR path = '/checkout'
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
  SELECT who, arrayJoin(arrayMap(place -> arraySlice(names, place, 4),
    arrayFilter(place -> names[place] = 'Search Bar', arrayEnumerate(names)))) AS steps
  FROM visits
),
sequences AS
(
  SELECT steps, count() AS times, groupUniqArray(who) AS people,
    least(row_number() OVER (ORDER BY times DESC, steps), 11) AS place
  FROM walks GROUP BY steps
)
SELECT sum(times) AS paths, length(groupUniqArrayArray(people)) AS users,
  if(place > 10, '(others)', nullIf(any(steps)[1], '')) AS "step 0",
  if(place > 10, NULL, nullIf(any(steps)[2], '')) AS "step 1",
  if(place > 10, NULL, nullIf(any(steps)[3], '')) AS "step 2",
  if(place > 10, NULL, nullIf(any(steps)[4], '')) AS "step 3"
FROM sequences
GROUP BY place
ORDER BY place
