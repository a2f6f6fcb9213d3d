SELECT toDate(time) AS day, sum(revenue) AS "Completed Order: sum of revenue", count() AS "Completed Order",
  "Completed Order: sum of revenue" / nullIf("Completed Order", 0) AS "A / B"
FROM main_production.completed_order
GROUP BY day
ORDER BY day WITH FILL TO today() + 1
