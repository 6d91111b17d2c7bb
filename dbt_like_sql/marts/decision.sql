-- The verdict, in one row; no row before the pilot's last week.
SELECT
    decision,
    label,
    reasons,
    false_go_rate,
    power,
    lock_sha256,
    data_sha256,
    code_version,
    decided_on
FROM closeout.verdict
