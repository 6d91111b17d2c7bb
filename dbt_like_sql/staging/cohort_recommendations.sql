-- Recommendations of the cohort with the pilot's week in which they were issued, up to each person's departure.
SELECT
    recommendations.recommendation_id,
    recommendations.employee_id,
    recommendations.pathway_id,
    coalesce(recommendations.rank, 1) AS rank,
    recommendations.model_version,
    -- not //, which rounds towards zero and would count the six days before the pilot as its first week
    1 + cast(floor(
        (cast((recommendations.issued_at AT TIME ZONE 'UTC') AT TIME ZONE $timezone AS DATE) - $starts_on) / 7
    ) AS BIGINT) AS week_no
FROM feeds.recommendations
INNER JOIN cohort.cohort_members ON recommendations.employee_id = cohort_members.employee_id
LEFT JOIN weekly.departures ON recommendations.employee_id = departures.employee_id
WHERE
    cohort_members.arm = 'pilot'
    AND (departures.left_at IS NULL OR recommendations.issued_at < departures.left_at)
