-- Who takes part, beside the controls and the workforce.
SELECT
    metric,
    pilot,
    control,
    workforce,
    suppressed
FROM cohort.cohort_profile
