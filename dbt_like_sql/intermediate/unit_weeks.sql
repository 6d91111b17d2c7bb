-- Pilot participants per unit of the hierarchy and week. The tree is read upward from the manager, so that it nests.
WITH people AS (
    SELECT
        cohort_members.manager_id,
        activity_weeks.active,
        module_weeks.assigned,
        module_weeks.completed,
        coalesce(
            min(cohort_members.manager_of_manager) OVER (PARTITION BY cohort_members.manager_id), 'no manager above'
        ) AS manager_of_manager,
        coalesce(cohort_members.business_unit, 'no business unit') AS business_unit
    FROM cohort.cohort_members
    INNER JOIN weekly.activity_weeks ON cohort_members.employee_id = activity_weeks.employee_id
    INNER JOIN weekly.module_weeks
        ON
            activity_weeks.employee_id = module_weeks.employee_id
            AND activity_weeks.week_no = module_weeks.week_no
    WHERE
        cohort_members.arm = 'pilot'
        AND activity_weeks.week_no = $week
),

nested AS (
    SELECT
        coalesce(manager_id, 'no manager') AS manager_id,
        manager_of_manager,
        min(business_unit) OVER (PARTITION BY manager_of_manager) AS business_unit,
        active,
        assigned,
        completed
    FROM people
),

units AS (
    SELECT
        'manager' AS level,
        manager_id AS unit,
        manager_of_manager AS parent,
        *
    FROM nested
    UNION ALL
    SELECT
        'manager_of_manager' AS level,
        manager_of_manager AS unit,
        business_unit AS parent,
        *
    FROM nested
    UNION ALL
    SELECT
        'business_unit' AS level,
        business_unit AS unit,
        'organisation' AS parent,
        *
    FROM nested
    UNION ALL
    SELECT
        'organisation' AS level,
        'organisation' AS unit,
        NULL AS parent,
        *
    FROM nested
)

SELECT
    cast($week AS BIGINT) AS week_no,
    units.level,
    units.unit,
    min(units.parent) AS parent,
    count(*) AS n,
    count(*) FILTER (WHERE units.active) AS active,
    cast(sum(units.assigned) AS BIGINT) AS assigned,
    cast(sum(units.completed) AS BIGINT) AS completed
FROM units
GROUP BY units.level, units.unit
