WITH carts AS (SELECT user_id, groupArray((time, event_id)) AS carts FROM main_production.add_to_cart GROUP BY user_id),
orders AS (SELECT user_id, groupArray((time, event_id)) AS orders FROM main_production.completed_order GROUP BY user_id),
reached AS
(
  -- Any time of the cart may begin: the best attempt counts.
  SELECT user_id, if(arrayExists(cart -> arrayExists(
    order -> order > cart AND order.1 <= cart.1 + INTERVAL 1 HOUR, orders), carts), 2, 1) AS done
  FROM carts LEFT JOIN orders USING user_id
)
SELECT n AS step, ['Add to Cart', 'Completed Order'][n] AS event, countIf(done >= n) AS users,
  users / first_value(users) OVER (ORDER BY step) AS "of first",
  users / nullIf(lagInFrame(users, 1, users) OVER (ORDER BY step), 0) AS "of previous"
FROM reached
ARRAY JOIN range(1, 3) AS n
GROUP BY n
ORDER BY step
