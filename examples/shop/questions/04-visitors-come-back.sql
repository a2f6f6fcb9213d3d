WITH starts AS (SELECT user_id AS who, min(toDate(time)) AS cohort FROM main_production.pageviews WHERE domain = 'trailhead.example' GROUP BY who),
days AS (SELECT DISTINCT user_id AS who, toDate(time) AS day FROM main_production.pageviews WHERE domain = 'trailhead.example')
SELECT cohort, uniqExact(who) AS users,
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
