"""The tables of the cohort, as data; all the others that Python writes are in `tables`."""

from __future__ import annotations

from pilot_pipeline.warehouse.described import described

_MEMBER = """
    employee_id VARCHAR The person, as a keyed pseudonym.
    arm VARCHAR pilot or control.
    pair_id BIGINT The matched pair; missing for a participant without a control.
    cluster BIGINT Judging cluster: managers linked by any pair.
    rung VARCHAR The rung of the relaxation ladder on which the pair was found.
    distance DOUBLE Mahalanobis distance within the pair.
    manager_id VARCHAR Manager at the lock.
    manager_of_manager VARCHAR The manager's manager at the lock.
    business_unit VARCHAR Business unit at the lock.
    department VARCHAR Department at the lock.
    role VARCHAR Role at the lock.
    role_level BIGINT Level of the role at the lock.
    performance_score DOUBLE Performance baseline.
    tenure_years DOUBLE Years since hiring, at the snapshot.
"""

COHORT_TABLES = (
    described("cohort.cohort_members", "Pilot and control, pair by pair, as matched or as locked.", _MEMBER),
    described(
        "cohort.cohort_facts",
        "How the cohort came about: its design, snapshot, match hash and every remark on it.",
        """
        fact VARCHAR design, snapshot, match_hash, warning, violation, explanation, relaxed, note or unmatched.
        position BIGINT Order among facts of one kind.
        statement VARCHAR The statement.
        """,
    ),
    described(
        "cohort.covariate_balance",
        "Balance of pilot and control, before and after matching.",
        """
        covariate VARCHAR The covariate.
        smd_before DOUBLE Standardised mean difference before matching.
        smd_after DOUBLE Standardised mean difference within the pairs.
        variance_ratio_before DOUBLE Variance of pilot over everybody else.
        variance_ratio DOUBLE Variance of pilot over control.
        ks_before DOUBLE Kolmogorov-Smirnov distance before matching.
        ks DOUBLE Kolmogorov-Smirnov distance.
        ecdf_before DOUBLE Mean distance of the empirical distributions before matching.
        ecdf DOUBLE Mean distance of the empirical distributions.
        within_tolerance BOOLEAN Whether |SMD| is at most 0.25.
        """,
    ),
    described(
        "cohort.cohort_profile",
        "Participants beside controls and workforce.",
        """
        metric VARCHAR What is compared.
        pilot DOUBLE Value in the pilot arm.
        control DOUBLE Value in the control arm.
        workforce DOUBLE Value in the workforce.
        suppressed BOOLEAN True where a group is too small to show.
        """,
    ),
    described(
        "cohort.detectable_effects",
        "The smallest effect that this cohort would find in four of five pilots, per KPI.",
        """
        kpi VARCHAR The KPI.
        unit VARCHAR Its unit.
        mde DOUBLE Minimal detectable effect at 80 % power.
        design_effect DOUBLE By how much clusters inflate the variance; of effects only.
        needed_per_arm BIGINT People per arm that the open question would need; missing where no number would do.
        sentence VARCHAR What can be shown.
        cannot VARCHAR What this pilot cannot answer.
        """,
    ),
)
