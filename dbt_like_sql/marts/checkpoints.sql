-- Every check of the four integration checkpoints, as last judged.
SELECT
    checkpoint,
    check_name,
    tool,
    passed,
    severity,
    rows_checked,
    rows_failed,
    checked_at,
    evidence_hash
FROM readiness.checks
