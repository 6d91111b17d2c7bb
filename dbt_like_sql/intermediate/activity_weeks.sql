-- Whether each cohort member was active in the week; people who left stay in the denominator as inactive.
WITH counted AS (
    SELECT
        employee_id,
        count(*) AS events
    FROM weekly.cohort_events
    WHERE
        week_no = $week
        AND list_contains($active_event_types, event_type)
    GROUP BY employee_id
)

SELECT
    cast($week AS BIGINT) AS week_no,
    cohort_members.employee_id,
    cohort_members.arm,
    coalesce(counted.events, 0) AS active_events,
    coalesce(counted.events, 0) > 0 AS active
FROM cohort.cohort_members
LEFT JOIN counted ON cohort_members.employee_id = counted.employee_id
