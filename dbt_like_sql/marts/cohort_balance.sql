-- How alike the arms are, before and after matching.
SELECT
    covariate,
    smd_before,
    smd_after,
    variance_ratio_before,
    variance_ratio,
    ks_before,
    ks,
    ecdf_before,
    ecdf,
    within_tolerance
FROM cohort.covariate_balance
