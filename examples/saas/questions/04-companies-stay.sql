WITH starts AS (SELECT account_id AS who, min(toDate(time)) AS cohort FROM (SELECT account_id, e.time AS time FROM main_production.logged_in AS e JOIN main_production.users AS u ON e.user_id = u.user_id WHERE account_id != '') GROUP BY who),
days AS (SELECT DISTINCT account_id AS who, toDate(time) AS day FROM (SELECT account_id, e.time AS time FROM main_production.logged_in AS e JOIN main_production.users AS u ON e.user_id = u.user_id WHERE account_id != ''))
SELECT cohort, uniqExact(who) AS accounts,
  if(cohort + 0 > today(), NULL, uniqExactIf(who, day = cohort + 0)) AS "day 0",
  if(cohort + 1 > today(), NULL, uniqExactIf(who, day = cohort + 1)) AS "day 1",
  if(cohort + 2 > today(), NULL, uniqExactIf(who, day = cohort + 2)) AS "day 2",
  if(cohort + 3 > today(), NULL, uniqExactIf(who, day = cohort + 3)) AS "day 3",
  if(cohort + 4 > today(), NULL, uniqExactIf(who, day = cohort + 4)) AS "day 4",
  if(cohort + 5 > today(), NULL, uniqExactIf(who, day = cohort + 5)) AS "day 5",
  if(cohort + 6 > today(), NULL, uniqExactIf(who, day = cohort + 6)) AS "day 6"
FROM starts LEFT JOIN days USING who
GROUP BY cohort
ORDER BY cohort
