-- Counts and sums per week, arm and KPI: all that an interval needs, and no person. x: numerator, y: denominator.
WITH measured AS (
    SELECT
        'adoption' AS kpi,
        arm,
        cast(active AS DECIMAL(38, 9)) AS x,
        cast(1 AS DECIMAL(38, 9)) AS y
    FROM weekly.activity_weeks
    WHERE week_no = $week
    UNION ALL
    SELECT
        'module_completion' AS kpi,
        arm,
        completed AS x,
        assigned AS y
    FROM weekly.module_weeks
    WHERE
        week_no = $week
        AND assigned > 0
    UNION ALL
    SELECT
        'behaviour_change' AS kpi,
        arm,
        end_score - start_score AS x,
        1 AS y
    FROM weekly.behaviour_weeks
    WHERE week_no = $week
    UNION ALL
    SELECT
        'prep_time_reduction' AS kpi,
        arm,
        baseline_minutes - prep_minutes AS x,
        baseline_minutes AS y
    FROM weekly.prep_weeks
    WHERE
        week_no = $week
        AND baseline_minutes IS NOT NULL
        AND prep_minutes IS NOT NULL
    UNION ALL
    SELECT
        'pulse' AS kpi,
        arm,
        score AS x,
        1 AS y
    FROM weekly.pulse_weeks
    WHERE week_no = $week
    UNION ALL
    SELECT
        kpi,
        arm,
        coalesce(cast(reached AS DOUBLE), value) AS x,
        1 AS y
    FROM weekly.measurement_weeks
    WHERE week_no = $week
),

every_row AS (
    SELECT
        kpis.kpi,
        arms.arm
    FROM unnest($kpis) AS kpis (kpi)
    CROSS JOIN unnest(['pilot', 'control']) AS arms (arm)
)

SELECT
    cast($week AS BIGINT) AS week_no,
    $starts_on + cast(7 * ($week - 1) AS INTEGER) AS week_start,
    every_row.arm,
    every_row.kpi,
    count(measured.x) AS n,
    coalesce(cast(sum(cast(measured.x AS DECIMAL(38, 9))) AS DOUBLE), 0) AS sx,
    coalesce(cast(sum(cast(measured.x * measured.x AS DECIMAL(38, 9))) AS DOUBLE), 0) AS sxx,
    coalesce(cast(sum(cast(measured.y AS DECIMAL(38, 9))) AS DOUBLE), 0) AS sy,
    coalesce(cast(sum(cast(measured.y * measured.y AS DECIMAL(38, 9))) AS DOUBLE), 0) AS syy,
    coalesce(cast(sum(cast(measured.x * measured.y AS DECIMAL(38, 9))) AS DOUBLE), 0) AS sxy
FROM every_row
LEFT JOIN measured
    ON
        every_row.kpi = measured.kpi
        AND every_row.arm = measured.arm
GROUP BY every_row.arm, every_row.kpi
