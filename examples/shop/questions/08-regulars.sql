SELECT count() AS users
FROM (SELECT user_id FROM main_production.completed_order GROUP BY user_id HAVING count() >= 2)
WHERE user_id IN (SELECT user_id FROM main_production.users WHERE email_opt_in = true)
