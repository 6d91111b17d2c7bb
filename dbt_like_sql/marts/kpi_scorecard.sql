-- Each KPI as the decision gate saw it.
SELECT
    kpi,
    kind,
    target,
    actual,
    effect,
    ci_low,
    ci_high,
    p_pair,
    p_manager,
    n_pairs,
    n_managers,
    met,
    evidence,
    label
FROM closeout.kpi_results
