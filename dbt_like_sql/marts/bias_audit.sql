-- The synthetic audit before launch and the live audit of each week, in one shape.
WITH audits AS (
    SELECT * FROM fairness.synthetic_rates
    UNION ALL BY NAME
    SELECT * FROM fairness.live_rates
)

SELECT
    audit,
    as_of,
    attribute,
    group_value,
    pathway_id,
    n,
    rate,
    impact_ratio,
    p_value,
    q_value,
    verdict,
    suppressed
FROM audits
