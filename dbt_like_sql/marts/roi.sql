-- The three levers and their total, with interval, or why a lever cannot be estimated.
SELECT
    lever,
    estimable,
    reason,
    p10,
    p50,
    p90,
    probability_of_loss
FROM value.levers
