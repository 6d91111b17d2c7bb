-- Preparation minutes per cohort member before and during the pilot: the two sides of the close-out's comparison.
WITH last_week AS (
    SELECT max(week_no) AS week_no
    FROM weekly.prep_weeks
)

SELECT
    prep_weeks.employee_id,
    any_value(prep_weeks.arm) AS arm,
    any_value(prep_weeks.baseline_minutes) AS before_minutes,
    -- weeks 5 to the last, at least half of them logged; the first four weeks are set-up, not effect
    CASE
        WHEN 2 * count(prep_weeks.prep_minutes) >= any_value(last_week.week_no) - 4
            THEN
                cast(sum(cast(prep_weeks.prep_minutes AS DECIMAL(18, 6))) AS DOUBLE)
                / nullif(count(prep_weeks.prep_minutes), 0)
    END AS during_minutes
FROM weekly.prep_weeks
CROSS JOIN last_week
WHERE prep_weeks.week_no >= 5
GROUP BY prep_weeks.employee_id
