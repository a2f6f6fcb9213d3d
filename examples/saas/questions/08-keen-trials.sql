SELECT count() AS users
FROM (SELECT user_id FROM main_production.logged_in GROUP BY user_id HAVING count() >= 3)
WHERE user_id IN (SELECT user_id FROM main_production.users WHERE membership_type = 'trial')
