-- Observed behaviour per person as known at the week's end: start and end score over the competencies scored in both.
WITH known AS (
    SELECT
        manager_observations.*,
        max(manager_observations.observed_on) OVER (
            PARTITION BY manager_observations.employee_id, manager_observations.wave
        ) AS latest_on
    FROM feeds.manager_observations
    LEFT JOIN weekly.departures ON manager_observations.employee_id = departures.employee_id
    WHERE
        manager_observations.observed_on < $starts_on + 7 * $week
        AND (
            departures.left_at IS NULL
            OR cast(manager_observations.observed_on AS TIMESTAMP) < departures.left_at
        )
),

observer AS (
    SELECT
        employee_id,
        wave,
        min(observer_id) AS observer_id
    FROM known
    WHERE observed_on = latest_on
    GROUP BY employee_id, wave
),

scored AS (
    SELECT
        known.employee_id,
        known.wave,
        known.competency_id,
        arg_max(cast(known.score AS DECIMAL(18, 6)), (known.observed_on, known.observation_id)) AS score
    FROM known
    INNER JOIN observer USING (employee_id, wave, observer_id)
    GROUP BY known.employee_id, known.wave, known.competency_id
),

expected AS (
    SELECT
        trim(role.value) AS role,
        count(DISTINCT competencies.competency_id) AS competencies
    FROM feeds.competencies
    CROSS JOIN unnest(string_split(competencies.roles, ';')) AS role (value)
    GROUP BY trim(role.value)
)

SELECT
    cast($week AS BIGINT) AS week_no,
    cohort_members.employee_id,
    cohort_members.arm,
    cast(sum(first_wave.score) AS DOUBLE) / count(*) AS start_score,
    cast(sum(last_wave.score) AS DOUBLE) / count(*) AS end_score,
    any_value(first_observer.observer_id = last_observer.observer_id) AS same_observer
FROM scored AS first_wave
INNER JOIN scored AS last_wave USING (employee_id, competency_id)
INNER JOIN observer AS first_observer
    ON first_wave.employee_id = first_observer.employee_id AND first_observer.wave = 'start'
INNER JOIN observer AS last_observer
    ON first_wave.employee_id = last_observer.employee_id AND last_observer.wave = 'end'
INNER JOIN cohort.cohort_members ON first_wave.employee_id = cohort_members.employee_id
LEFT JOIN expected ON cohort_members.role = expected.role
WHERE
    first_wave.wave = 'start'
    AND last_wave.wave = 'end'
GROUP BY cohort_members.employee_id, cohort_members.arm, expected.competencies
HAVING 2 * count(*) >= coalesce(expected.competencies, 1)
