"""The warehouse tables of readiness: what was checked, on which evidence, and what was found."""

from __future__ import annotations

from pilot_pipeline.warehouse.described import Table, described

READINESS_TABLES: tuple[Table, ...] = (
    described(
        "readiness.checks",
        "Every check of the four checkpoints, as last judged.",
        """
        checkpoint VARCHAR The checkpoint.
        check_name VARCHAR The single check.
        tool VARCHAR pandera, great_expectations, sql or scipy.
        passed BOOLEAN Whether it holds.
        severity VARCHAR error blocks, warn does not.
        rows_checked BIGINT Rows looked at.
        rows_failed BIGINT Rows that failed.
        checked_at TIMESTAMP When this evidence was first seen, UTC.
        evidence_hash VARCHAR SHA-256 of the rows and settings judged.
        detail VARCHAR The finding in a sentence.
        """,
    ),
    described(
        "readiness.requirements",
        "What must hold before launch besides the four checkpoints, step by step.",
        """
        step VARCHAR The step of the pilot.
        name VARCHAR The requirement.
        passed BOOLEAN Whether it holds.
        severity VARCHAR error blocks, warn does not.
        detail VARCHAR The finding in a sentence.
        """,
    ),
    described(
        "readiness.sso_matrix",
        "Test sign-ins for every persona and division of the cohort.",
        """
        persona VARCHAR Kind of account.
        division VARCHAR Division of the cohort.
        attempts BIGINT Test sign-ins.
        successes BIGINT Of these, successful.
        failures BIGINT Of these, failed.
        state VARCHAR passed, failed or untested.
        """,
    ),
    described(
        "readiness.pathway_review",
        "Each pathway, cohort role and theme against the competency framework and the workforce.",
        """
        kind VARCHAR pathway, role or theme.
        subject VARCHAR The pathway, the role or the theme.
        finding VARCHAR What is wrong, or ok.
        detail VARCHAR The finding in a sentence.
        """,
    ),
    described(
        "readiness.signin_weeks",
        "Live sign-ins by division and pilot week; a small division is suppressed.",
        """
        week_no BIGINT Week of the pilot.
        division VARCHAR Division of the account's owner.
        suppressed BOOLEAN Whether too few people tried for the counts to be shown.
        people BIGINT People who tried.
        attempts BIGINT Sign-ins.
        failures BIGINT Of these, failed.
        failure_share DOUBLE Failures over attempts.
        """,
    ),
    described(
        "readiness.evidence_parts",
        "What each piece of evidence was made of, so that a change can be named.",
        """
        checkpoint VARCHAR The checkpoint.
        evidence_hash VARCHAR SHA-256 of the evidence.
        part VARCHAR The rows or the setting.
        part_hash VARCHAR SHA-256 of the part.
        """,
    ),
)
"""In the order of the pilot's steps."""
