-- How alike the arms are, before and after matching.
SELECT
    covariate,
    smd_before,
    smd_after,
    variance_ratio,
    ks,
    within_tolerance
FROM cohort.covariate_balance
