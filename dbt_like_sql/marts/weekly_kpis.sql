-- KPI actual against target, with its 90 % interval, for one week; restated_at is filled on writing.
SELECT
    week_no,
    week_start,
    arm,
    kpi,
    n,
    value,
    ci_low,
    ci_high,
    target,
    on_track,
    suppressed,
    cast(NULL AS TIMESTAMP) AS restated_at
FROM weekly.kpi_intervals
WHERE week_no = $week
