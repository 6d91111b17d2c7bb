-- What managers may see: aggregates of groups that are large enough, nothing that can be subtracted from another.
SELECT
    unit,
    level,
    week_no,
    n,
    adoption,
    module_completion,
    suppressed
FROM weekly.unit_signals
WHERE week_no = $week
