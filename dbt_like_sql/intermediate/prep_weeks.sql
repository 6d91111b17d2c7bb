-- Managers' preparation minutes per cohort member in the week, beside the member's own baseline (weeks -4 to 0).
WITH logged AS (
    SELECT
        manager_time.employee_id,
        1 + (manager_time.week_start - $starts_on) // 7 AS week_no,
        sum(cast(manager_time.prep_minutes AS DECIMAL(18, 6))) AS minutes
    FROM feeds.manager_time
    LEFT JOIN weekly.departures ON manager_time.employee_id = departures.employee_id
    WHERE
        manager_time.prep_minutes IS NOT NULL
        AND manager_time.week_start < $starts_on + 7 * $week
        AND (departures.left_at IS NULL OR cast(manager_time.week_start + 7 AS TIMESTAMP) <= departures.left_at)
    GROUP BY manager_time.employee_id, manager_time.week_start
),

baseline AS (
    SELECT
        employee_id,
        cast(sum(minutes) AS DOUBLE) / count(*) AS minutes
    FROM logged
    WHERE week_no BETWEEN -4 AND 0
    GROUP BY employee_id
    HAVING count(*) >= 2
)

SELECT
    cast($week AS BIGINT) AS week_no,
    cohort_members.employee_id,
    cohort_members.arm,
    baseline.minutes AS baseline_minutes,
    cast(logged.minutes AS DOUBLE) AS prep_minutes
FROM cohort.cohort_members
LEFT JOIN baseline ON cohort_members.employee_id = baseline.employee_id
LEFT JOIN logged
    ON
        cohort_members.employee_id = logged.employee_id
        AND logged.week_no = $week
