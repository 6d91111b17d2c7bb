-- Tool events of the cohort in one local week, up to each person's departure.
WITH week AS (
    SELECT
        cast(($starts_on + 7 * ($week - 1)) AS TIMESTAMP) AT TIME ZONE $timezone AS begins_at,
        cast(($starts_on + 7 * $week) AS TIMESTAMP) AT TIME ZONE $timezone AS ends_at
)

SELECT
    cast($week AS BIGINT) AS week_no,
    tool_events.event_id,
    tool_events.employee_id,
    cohort_members.arm,
    tool_events.event_type,
    tool_events.module_id,
    tool_events.occurred_at
FROM feeds.tool_events
CROSS JOIN week
INNER JOIN cohort.cohort_members ON tool_events.employee_id = cohort_members.employee_id
LEFT JOIN weekly.departures ON tool_events.employee_id = departures.employee_id
WHERE
    tool_events.occurred_at AT TIME ZONE 'UTC' >= week.begins_at
    AND tool_events.occurred_at AT TIME ZONE 'UTC' < week.ends_at
    AND (departures.left_at IS NULL OR tool_events.occurred_at < departures.left_at)
