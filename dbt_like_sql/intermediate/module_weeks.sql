-- Modules assigned and completed per person, cumulative to the week's end.
WITH assigned AS (
    SELECT
        module_assignments.employee_id,
        module_assignments.module_id,
        coalesce(module_assignments.due_on, module_assignments.assigned_on) AS due_on
    FROM feeds.module_assignments
    LEFT JOIN weekly.departures ON module_assignments.employee_id = departures.employee_id
    WHERE
        module_assignments.assigned_on < $starts_on + 7 * $week
        AND (departures.left_at IS NULL OR cast(module_assignments.assigned_on AS TIMESTAMP) < departures.left_at)
),

completed AS (
    SELECT DISTINCT
        employee_id,
        module_id
    FROM weekly.cohort_events
    WHERE
        event_type = 'module_completed'
        AND week_no <= $week
)

SELECT
    cast($week AS BIGINT) AS week_no,
    cohort_members.employee_id,
    cohort_members.arm,
    count(assigned.module_id) AS assigned,
    count(completed.module_id) AS completed,
    count(assigned.module_id) FILTER (WHERE assigned.due_on < $closes_on) AS due,
    count(completed.module_id) FILTER (WHERE assigned.due_on < $closes_on) AS due_completed
FROM cohort.cohort_members
LEFT JOIN assigned ON cohort_members.employee_id = assigned.employee_id
LEFT JOIN completed
    ON
        assigned.employee_id = completed.employee_id
        AND assigned.module_id = completed.module_id
GROUP BY cohort_members.employee_id, cohort_members.arm
