WITH now64(3, 'UTC') AS now,
usage AS
(
  SELECT account_id, e.user_id AS user_id, e.time AS time
  FROM main_production.logged_in AS e JOIN main_production.users AS u ON e.user_id = u.user_id
  WHERE account_id != ''
)
SELECT account_id AS account, countIf(time > 0) AS events, any(user_count) AS users,
  uniqExactIf(user_id, time > 0) AS "active users",
  countIf(time >= now - INTERVAL 1 DAY) AS "events now",
  countIf(time >= now - INTERVAL 2 DAY AND time < now - INTERVAL 1 DAY) AS "events before",
  uniqExactIf(user_id, time >= now - INTERVAL 1 DAY) AS "users now",
  uniqExactIf(user_id, time >= now - INTERVAL 2 DAY AND time < now - INTERVAL 1 DAY) AS "users before",
  max(time) AS "last seen", any(account_tier) AS "Account Tier", any(account_location) AS "Account Location"
FROM main_production.accounts AS companies LEFT JOIN usage USING account_id
GROUP BY account_id
ORDER BY events DESC, account
LIMIT 10
