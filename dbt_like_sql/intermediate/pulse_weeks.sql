-- Mean pulse score per person in the week, in the weeks that have a pulse.
SELECT
    cast($week AS BIGINT) AS week_no,
    cohort_members.employee_id,
    cohort_members.arm,
    cast(sum(cast(pulse_responses.score AS DECIMAL(18, 6))) AS DOUBLE) / count(*) AS score
FROM feeds.pulse_responses
INNER JOIN cohort.cohort_members ON pulse_responses.employee_id = cohort_members.employee_id
LEFT JOIN weekly.departures ON pulse_responses.employee_id = departures.employee_id
WHERE
    pulse_responses.week_no = $week
    AND list_contains($pulse_weeks, $week)
    AND (
        departures.left_at IS NULL
        OR cast($starts_on + 7 * ($week - 1) AS TIMESTAMP) < departures.left_at
    )
GROUP BY cohort_members.employee_id, cohort_members.arm
