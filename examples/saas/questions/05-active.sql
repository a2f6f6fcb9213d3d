SELECT toDate(e.time) AS day, uniqExact(e.user_id) AS "Logged In: users",
  uniqExactIf(account_id, account_id != '') AS "Logged In: accounts",
  "Logged In: users" / nullIf("Logged In: accounts", 0) AS "A / B"
FROM main_production.logged_in AS e LEFT JOIN main_production.users AS u ON e.user_id = u.user_id
GROUP BY day
ORDER BY day WITH FILL TO today() + 1
