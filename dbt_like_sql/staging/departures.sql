-- When a person left the pilot: whichever of withdrawal, withdrawn consent or termination came first.
WITH withdrawn AS (
    SELECT
        employee_id,
        withdrawn_at AS left_at,
        'withdrawn' AS reason
    FROM feeds.enrolments
    WHERE withdrawn_at IS NOT NULL
    UNION ALL
    SELECT
        employee_id,
        decided_at AS left_at,
        'withdrawn' AS reason
    FROM feeds.consents
    WHERE decision = 'withdrawn'
),

terminated AS (
    SELECT
        employee_id,
        -- the last day still counts: the departure is the local midnight that ends it
        cast(
            (cast(terminated_on + 1 AS TIMESTAMP) AT TIME ZONE $timezone) AT TIME ZONE 'UTC' AS TIMESTAMP
        ) AS left_at,
        'terminated' AS reason
    FROM feeds.employees
    WHERE terminated_on IS NOT NULL
),

every_departure AS (
    SELECT * FROM withdrawn
    UNION ALL
    SELECT * FROM terminated
)

SELECT
    every_departure.employee_id,
    min(every_departure.left_at) AS left_at,
    arg_min(every_departure.reason, every_departure.left_at) AS reason
FROM every_departure
INNER JOIN cohort.cohort_members ON every_departure.employee_id = cohort_members.employee_id
GROUP BY every_departure.employee_id
