"""The warehouse tables that Python writes, as data; SQL models describe theirs in a `.yml` beside the query."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from pilot_pipeline.warehouse.cohort_tables import COHORT_TABLES
from pilot_pipeline.warehouse.described import Table, TableColumn, described, no_rows
from pilot_pipeline.warehouse.readiness_tables import READINESS_TABLES

__all__ = ["TABLES", "Table", "TableColumn", "no_rows"]

_RATES = """
    audit VARCHAR synthetic or live.
    as_of DATE Monday of the week; for the synthetic audit the day its answers were first seen.
    attribute VARCHAR The protected attribute, or an intersection of two.
    group_value VARCHAR The group.
    pathway_id VARCHAR The coaching pathway.
    n BIGINT People, or synthetic employees, in the group.
    rate DOUBLE Share of first choices that are this pathway.
    impact_ratio DOUBLE Rate over the highest rate of an unsuppressed group.
    p_value DOUBLE Permutation p of the attribute.
    q_value DOUBLE The same, adjusted over all attributes.
    verdict VARCHAR bias_found, no_evidence, underpowered or not_testable.
    suppressed BOOLEAN True where the group is too small to show.
"""

_TABLES = (
    described(
        "feeds.quarantine",
        "Rows that were set aside, by feed, without their content.",
        """
        feed VARCHAR The feed.
        file VARCHAR The source file.
        row BIGINT The row in it, as an editor counts.
        column_name VARCHAR The column at fault.
        rule VARCHAR The rule that it breaks.
        reason VARCHAR Why, in a sentence.
        row_digest VARCHAR Keyed digest of the row.
        dated TIMESTAMP The row's own date, where it can be read.
        """,
    ),
    described(
        "feeds.feed_reads",
        "What came in per feed.",
        """
        feed VARCHAR The feed.
        rows_read BIGINT Rows in the source.
        rows_accepted BIGINT Rows that met the contract.
        rows_quarantined BIGINT Rows set aside.
        reasons VARCHAR Reasons with their counts, one per line.
        late_rows BIGINT Rows that arrived after their week had been published.
        fresh_as_of DATE Latest date in the feed.
        gaps VARCHAR What the feed lacks and what that costs, one sentence per line.
        """,
    ),
    described(
        "feeds.source_files",
        "Every source file with its hash.",
        """
        feed VARCHAR The feed.
        path VARCHAR The file, relative to the pilot.
        sha256 VARCHAR SHA-256 of its bytes.
        """,
    ),
    *COHORT_TABLES,
    *READINESS_TABLES,
    described(
        "fairness.synthetic_employees",
        "Whom the tool was asked about: twins, and the correlated population; nobody in it is real.",
        """
        synthetic_id VARCHAR The synthetic employee.
        twin_id VARCHAR The twin set; a set of one in the correlated population.
        part VARCHAR twins or population.
        attribute VARCHAR What the set varies; none for identical twins.
        role VARCHAR Role.
        gender VARCHAR Gender.
        ethnicity VARCHAR Ethnicity.
        birth_year BIGINT Year of birth.
        """,
    ),
    described(
        "fairness.synthetic_answers",
        "The tool's answers about synthetic employees, from the feed or over HTTP.",
        """
        synthetic_id VARCHAR The synthetic employee.
        pathway_id VARCHAR The coaching pathway.
        rank BIGINT 1 is the first choice.
        model_version VARCHAR Version of the tool's model.
        """,
    ),
    described(
        "fairness.audit_findings",
        "What the bias audits say in sentences, and the counts behind them; no small group is named.",
        """
        audit VARCHAR synthetic, live or inputs.
        kind VARCHAR finding, context (decides nothing), verdict, refusal, asked, answered or whom (a digest).
        position BIGINT Order among statements of one kind.
        statement VARCHAR The statement.
        """,
    ),
    described(
        "fairness.input_profile",
        "Ratings, promotions and opportunities by group before the tool came; small groups are suppressed.",
        """
        measure VARCHAR rating, promoted, offered or modules.
        attribute VARCHAR The protected attribute.
        group_value VARCHAR The group.
        n BIGINT People in the group whom the measure concerns.
        value DOUBLE The group's mean, or share.
        within_role DOUBLE Its mean difference to people of the same role.
        p_value DOUBLE Of all groups being alike within roles.
        q_value DOUBLE The same, adjusted over all measures and attributes.
        suppressed BOOLEAN True where the group is too small to show.
        """,
    ),
    described(
        "fairness.audit_history",
        "Every synthetic audit that was made, so that a new model version is compared with the one before it.",
        """
        evidence_hash VARCHAR What was judged.
        judged_at TIMESTAMP When it was first seen, UTC.
        model_version VARCHAR Version of the tool's model, if the answers say.
        attribute VARCHAR The protected attribute.
        verdict VARCHAR Of the attribute.
        q_value DOUBLE Family-adjusted p.
        flip_rate DOUBLE Share of twin sets whose first choice changes with the attribute.
        aa_flip_rate DOUBLE Share of identical twins whose first choice differs.
        """,
    ),
    described("fairness.synthetic_rates", "The bias audit on synthetic employees.", _RATES),
    described("fairness.live_rates", "The bias audit on live recommendations, cumulative by week.", _RATES),
    described(
        "weekly.week_inputs",
        "What each week was last computed from: the cohort's rows of each feed, as counts and digests.",
        """
        week_no BIGINT Week of the pilot; 0 is the baseline, which bears on every week.
        feed VARCHAR The feed.
        rows BIGINT Rows of it in the week.
        digest VARCHAR Digest of their values, whatever their order.
        changed_at TIMESTAMP The run that found them changed after the week had been computed; missing where none did.
        """,
    ),
    described(
        "weekly.kpi_intervals",
        "KPI values with 90 % intervals per week and arm.",
        """
        week_no BIGINT Week of the pilot.
        week_start DATE Monday of the week.
        arm VARCHAR pilot or control.
        kpi VARCHAR The KPI.
        n BIGINT People in the denominator.
        value DOUBLE The week's value.
        ci_low DOUBLE Lower end of the 90 % interval.
        ci_high DOUBLE Upper end of the 90 % interval.
        target DOUBLE The target, pilot arm only.
        on_track BOOLEAN Whether the value reaches it, pilot arm only.
        suppressed BOOLEAN True where the group is too small to show.
        """,
    ),
    described(
        "weekly.unit_signals",
        "Aggregates per unit, after suppression.",
        """
        week_no BIGINT Week of the pilot.
        level VARCHAR Level of the hierarchy.
        unit VARCHAR The unit; a person is a keyed pseudonym.
        n BIGINT Participants.
        adoption DOUBLE Share active in the week.
        module_completion DOUBLE Completed over assigned, cumulative.
        suppressed BOOLEAN True where the unit may not be shown.
        """,
    ),
    described(
        "value.levers",
        "The three levers of value and their total.",
        """
        lever VARCHAR manager_time, attrition, performance, total_without_attrition or total.
        estimable BOOLEAN Whether the pilot can estimate it.
        reason VARCHAR Why not.
        p10 DOUBLE 10th percentile.
        p50 DOUBLE Median.
        p90 DOUBLE 90th percentile.
        probability_of_loss DOUBLE Share of draws below zero.
        """,
    ),
    described(
        "closeout.exposure",
        "What went otherwise than designed in the arms, and what it does to the analysis.",
        """
        kind VARCHAR control_use, spill_over, moved or left.
        arm VARCHAR pilot or control.
        people BIGINT How many people; missing where they are too few to show.
        of BIGINT Of how many in the arm.
        suppressed BOOLEAN True where the number is too small to show.
        sentence VARCHAR The incident and its effect on the analysis.
        """,
    ),
    described(
        "closeout.per_protocol",
        "Effects among all locked pairs, and among those in which everything went as designed.",
        """
        kpi VARCHAR The effect KPI.
        analysis VARCHAR intention to treat, or per protocol.
        n_pairs BIGINT Pairs in the analysis.
        effect DOUBLE Pilot minus control.
        ci_low DOUBLE Lower end, 90 %.
        ci_high DOUBLE Upper end, 90 %.
        p_manager DOUBLE One-sided p at the judging level.
        note VARCHAR What the row is.
        """,
    ),
    described(
        "closeout.kpi_results",
        "Each KPI as the decision gate sees it.",
        """
        kpi VARCHAR The KPI.
        kind VARCHAR threshold or effect.
        target DOUBLE The target.
        actual DOUBLE What was measured.
        effect DOUBLE Pilot minus control.
        ci_low DOUBLE Lower end of the 90 % interval.
        ci_high DOUBLE Upper end of the 90 % interval.
        p_pair DOUBLE One-sided p by pairs.
        p_manager DOUBLE One-sided p by judging clusters.
        n_pairs BIGINT Locked pairs.
        n_managers BIGINT Judging clusters.
        met BOOLEAN Whether the gate counts it as reached.
        evidence VARCHAR met, not_met, harm, futile, inconclusive or not_measured.
        label VARCHAR confirmatory, interim or directional.
        details VARCHAR The whole result as JSON, for the gate and the scorecard.
        """,
    ),
    described(
        "closeout.error_rates",
        "What the decision rule says about simulated pilots of this cohort, one row per thing that may be true.",
        """
        truth VARCHAR What is true in these pilots.
        description VARCHAR The same in a sentence.
        pilots BIGINT Simulated pilots.
        go DOUBLE Share of them that end in go.
        no_go DOUBLE Share of them that end in no_go.
        reconfigure DOUBLE Share of them that end in reconfigure.
        go_error DOUBLE Monte Carlo standard error of go.
        no_go_error DOUBLE Monte Carlo standard error of no_go.
        coverage DOUBLE Share of 90 % intervals that hold the true effect.
        """,
    ),
    described(
        "closeout.scorecard",
        "The scorecard as one self-contained HTML page; the release puts it beside the tables.",
        "page VARCHAR The page.",
    ),
    described(
        "published.release",
        "What was published last: each table with its rows and the SHA-256 of its Parquet twin.",
        """
        name VARCHAR The published table.
        rows BIGINT Its rows.
        sha256 VARCHAR SHA-256 of its Parquet file.
        """,
    ),
    described(
        "closeout.issues",
        "The three most significant issues.",
        """
        rank BIGINT 1 is the gravest.
        kind VARCHAR configuration or culture_fit.
        title VARCHAR What it is.
        evidence VARCHAR The number that shows it.
        affected BIGINT People it touches.
        fix VARCHAR What would mend it.
        """,
    ),
    described(
        "closeout.verdict",
        "The verdict, in one row; none before the last week.",
        """
        decision VARCHAR go, no_go or reconfigure.
        label VARCHAR confirmatory or directional.
        reasons VARCHAR Why, one sentence per line.
        false_go_rate DOUBLE Simulated share of go without effect.
        power DOUBLE Simulated share of go with effect.
        lock_sha256 VARCHAR SHA-256 of the lock.
        data_sha256 VARCHAR SHA-256 over all source files.
        code_version VARCHAR Version of this software.
        decided_on DATE The day after the last week.
        """,
    ),
)

TABLES: Mapping[str, Table] = MappingProxyType({table.table: table for table in _TABLES})
"""Every table that Python writes, by `schema.name`."""
