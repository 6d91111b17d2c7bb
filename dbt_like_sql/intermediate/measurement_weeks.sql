-- Each person's mean of every further KPI in the week; of a KPI that counts people also whether they count.
WITH declared AS (
    SELECT
        unnest(cast($further_kpis AS VARCHAR[])) AS kpi,
        unnest(cast($further_metrics AS VARCHAR[])) AS metric,
        unnest(cast($further_signs AS DOUBLE[])) AS better,
        unnest(cast($further_reached AS DOUBLE[])) AS reached
),

measured AS (
    SELECT
        measurements.employee_id,
        measurements.metric,
        cast(sum(cast(measurements.value AS DECIMAL(38, 9))) AS DOUBLE) / count(*) AS value
    FROM feeds.measurements
    LEFT JOIN weekly.departures ON measurements.employee_id = departures.employee_id
    WHERE
        measurements.value IS NOT NULL
        AND measurements.measured_on >= $starts_on + 7 * ($week - 1)
        AND measurements.measured_on < $starts_on + 7 * $week
        AND (departures.left_at IS NULL OR cast(measurements.measured_on AS TIMESTAMP) < departures.left_at)
    GROUP BY measurements.employee_id, measurements.metric
)

SELECT
    cast($week AS BIGINT) AS week_no,
    measured.employee_id,
    cohort_members.arm,
    declared.kpi,
    measured.value,
    declared.better * measured.value >= declared.better * declared.reached AS reached
FROM measured
INNER JOIN declared ON measured.metric = declared.metric
INNER JOIN cohort.cohort_members ON measured.employee_id = cohort_members.employee_id
