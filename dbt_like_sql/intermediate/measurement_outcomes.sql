-- Each person's values of every further KPI before and during the pilot: what the close-out compares.
WITH declared AS (
    SELECT
        unnest(cast($further_kpis AS VARCHAR[])) AS kpi,
        unnest(cast($further_metrics AS VARCHAR[])) AS metric,
        unnest(cast($further_from_weeks AS INTEGER[])) AS from_week
),

last_week AS (
    SELECT cast(max(week_no) AS INTEGER) AS week_no
    FROM weekly.kpi_weeks
),

dated AS (
    SELECT
        declared.kpi,
        measurements.employee_id,
        cast(measurements.value AS DECIMAL(38, 9)) AS value,
        -- weeks -4 to 0
        measurements.measured_on >= $starts_on - 35 AND measurements.measured_on < $starts_on AS is_before,
        -- an effect's first four weeks are set-up, not effect
        measurements.measured_on >= $starts_on + 7 * (declared.from_week - 1)
        AND measurements.measured_on < $starts_on + 7 * last_week.week_no AS is_during
    FROM feeds.measurements
    INNER JOIN declared ON measurements.metric = declared.metric
    CROSS JOIN last_week
    LEFT JOIN weekly.departures ON measurements.employee_id = departures.employee_id
    WHERE
        measurements.value IS NOT NULL
        AND (departures.left_at IS NULL OR cast(measurements.measured_on AS TIMESTAMP) < departures.left_at)
)

SELECT
    dated.kpi,
    dated.employee_id,
    any_value(cohort_members.arm) AS arm,
    cast(sum(dated.value) FILTER (WHERE dated.is_before) AS DOUBLE)
    / nullif(count(*) FILTER (WHERE dated.is_before), 0) AS before_value,
    cast(sum(dated.value) FILTER (WHERE dated.is_during) AS DOUBLE)
    / nullif(count(*) FILTER (WHERE dated.is_during), 0) AS during_value
FROM dated
INNER JOIN cohort.cohort_members ON dated.employee_id = cohort_members.employee_id
GROUP BY dated.kpi, dated.employee_id
