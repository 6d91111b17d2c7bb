"""The three most significant configuration or culture-fit issues, each with a named fix; the verdict is `gate`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from pilot_pipeline.charts.frames import records
from pilot_pipeline.charts.labels import CHECKPOINT_LABELS, Catalogue, is_share, kpi_label, plain
from pilot_pipeline.config.kpi_catalogue import KPI_CATALOGUE

COLUMNS = ("rank", "kind", "title", "evidence", "affected", "fix")
_TOP = 3
_SLIGHT = 0.01
"""Share of unusable rows below which a feed is as sound as feeds are; every row stays listed in data_quality."""
_CHECK_FIXES = {
    "hris_feed": "Correct these rows in the HRIS, or the mapping of this feed in pilot.yaml, and run pilot check.",
    "sso_matrix": "Let every persona sign in once from each division named, as a test, and run pilot check.",
    "pathways": "Map every cohort role to a pathway, and every pathway to a competency that lists its roles.",
    "synthetic_audit": "Have the vendor take the attribute out of its ranking and answer the twins again.",
}
_KPI_FIXES = {
    "adoption": (
        "culture_fit",
        "Agree a weekly slot for the tool with each manager, remove sign-on hurdles, and measure adoption again.",
    ),
    "module_completion": (
        "configuration",
        "Assign fewer and shorter modules per role, with due dates inside working time.",
    ),
    "behaviour_change": (
        "configuration",
        "Review which competencies the pathways train against those that managers observe, and remap the pathways.",
    ),
    "prep_time_reduction": (
        "culture_fit",
        "Repeat the enablement topic 'signals', so that managers prepare one-on-ones from the aggregates.",
    ),
    "pulse": (
        "culture_fit",
        "Ask participants what hinders them, in groups of at least the minimum size, and change one thing.",
    ),
}
_FURTHER_FIX = (
    "configuration",
    "Find out with the vendor and with managers what moves this figure, and change one thing.",
)
_EVIDENCE_WORTH = {"harm": 5.0, "not_met": 3.5, "futile": 3.5, "inconclusive": 2.5}


@dataclass(frozen=True)
class Issue:
    """A candidate: `weight` orders (1 slight to 5 grave, as in the issue log), `subject` keeps one issue per matter."""

    weight: float
    subject: str
    kind: str
    title: str
    evidence: str
    affected: int | None
    fix: str


def top_issues(
    checks: pd.DataFrame,
    data_quality: pd.DataFrame,
    audit_rows: pd.DataFrame,
    kpi_results: pd.DataFrame,
    issue_log: pd.DataFrame | None,
    *,
    min_group: int,
    catalogue: Catalogue = KPI_CATALOGUE,
) -> pd.DataFrame:
    """Return rank (1–3), kind, title, evidence, affected, fix: the most significant issues, gravest first.

    checks, data_quality, audit_rows and kpi_results have the published columns of checkpoints, data_quality, bias_audit
    and kpi_scorecard; issue_log those of the feed; catalogue has the words for the KPIs. `affected` counts people where
    the evidence does, and is NULL below `min_group`. Fewer than three issues give fewer rows. Grave beats slight, more
    people beat fewer, ties go by title.
    """
    issues = [
        *_from_audit(audit_rows),
        *_from_checks(checks),
        *_from_kpis(kpi_results, catalogue),
        *_from_log(issue_log),
        *_from_quality(data_quality),
    ]
    ranked = sorted(issues, key=lambda issue: (-issue.weight, -(issue.affected or 0), issue.title))
    kept = list({issue.subject: issue for issue in reversed(ranked)}.values())[::-1]
    kept = sorted(kept, key=ranked.index)[:_TOP]
    rows = [
        (rank, issue.kind, issue.title, issue.evidence, _publishable(issue.affected, min_group), issue.fix)
        for rank, issue in enumerate(kept, start=1)
    ]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    return frame.astype(
        {"rank": "int64", "affected": "Int64"} | dict.fromkeys(("kind", "title", "evidence", "fix"), "str")
    )


def _from_checks(checks: pd.DataFrame) -> Iterator[Issue]:
    for row in records(checks):
        if row["passed"]:
            continue
        place = str(row["checkpoint"])
        label = CHECKPOINT_LABELS.get(place, plain(place))
        yield Issue(
            weight=4.5 if row["severity"] == "error" else 2.0,
            subject=f"check:{place}",
            kind="configuration",
            title=f"{label}: the check “{plain(str(row['check_name'])).lower()}” fails",
            evidence=f"{_count(row['rows_failed'])} of {_count(row['rows_checked'])} rows fail it ({row['tool']}).",
            affected=row["rows_failed"] if place == "hris_feed" else None,
            fix=_CHECK_FIXES.get(place, "Mend what the check names, and run pilot check."),
        )


def _from_quality(data_quality: pd.DataFrame) -> Iterator[Issue]:
    for row in records(data_quality):
        bad, read = row["rows_quarantined"] or 0, row["rows_read"] or 0
        if not read or bad < _SLIGHT * read:
            continue
        feed = str(row["feed"])
        yield Issue(
            weight=1.0 + min(2.0, 50 * bad / read),
            subject=f"check:{'hris_feed' if feed == 'employees' else feed}",
            kind="configuration",
            title=f"Rows of the feed {feed} cannot be used",
            evidence=f"{_count(bad)} of {_count(read)} rows ({100 * bad / read:.1f} %) are in quarantine.",
            affected=bad if feed == "employees" else None,
            fix=f"Correct the rows listed in var/quarantine/{feed}.csv at their source, then run the week again.",
        )


def _from_audit(audit_rows: pd.DataFrame) -> Iterator[Issue]:
    found = audit_rows.loc[audit_rows["verdict"] == "bias_found"]
    for (audit, attribute), rows in found.groupby(["audit", "attribute"], sort=True, observed=True):
        latest = rows.loc[rows["as_of"] == rows["as_of"].max()]
        people = latest.drop_duplicates("group_value")["n"].sum(min_count=1)
        adjusted = latest["q_value"].min()
        worst = latest.loc[latest["impact_ratio"].notna()].sort_values(["impact_ratio", "pathway_id"], kind="stable")
        where = f"; furthest apart on the pathway {worst.iloc[0]['pathway_id']}" if len(worst) else ""
        yield Issue(
            weight=5.0,
            subject=f"bias:{attribute}",
            kind="configuration",
            title=f"Recommendations depend on {plain(str(attribute)).lower()}",
            evidence=f"The {audit} audit finds bias (family-adjusted p {_p(adjusted)}){where}.",
            affected=int(people) if audit == "live" and pd.notna(people) else None,
            fix="Have the vendor take the attribute and what stands for it out of the ranking, and audit again.",
        )


def _from_kpis(kpi_results: pd.DataFrame, catalogue: Catalogue) -> Iterator[Issue]:
    for row in records(kpi_results):
        kpi = str(row["kpi"])
        worth = _EVIDENCE_WORTH.get(str(row["evidence"]))
        if worth is None or row["actual"] is None:
            continue
        kind, fix = _KPI_FIXES.get(kpi, _FURTHER_FIX)
        yield Issue(
            weight=worth,
            subject=f"kpi:{kpi}",
            kind=kind,
            title=f"{kpi_label(kpi, catalogue)} {_stands(kpi, str(row['evidence']), catalogue)}",
            evidence=_against_target(kpi, row, catalogue),
            affected=row["n_pairs"],
            fix=fix,
        )


def _from_log(issue_log: pd.DataFrame | None) -> Iterator[Issue]:
    if issue_log is None or issue_log.empty:
        return
    for row in records(issue_log.loc[issue_log["status"] == "open"]):
        opened = f"Reported on {row['opened_on']:%Y-%m-%d}" if row["opened_on"] is not None else "Reported"
        yield Issue(
            weight=float(row["severity"]),
            subject=f"log:{row['issue_id']}",
            kind=str(row["kind"]),
            title=str(row["title"]),
            evidence=f"{opened} with severity {row['severity']} of 5 and still open.",
            affected=row["affected"],
            fix=row["fix"] or "No fix is named yet: ask the owner of this issue for one.",
        )


_STANDS = {
    "harm": "is credibly worse than without the tool",
    "not_met": "stays below its target",
    "futile": "cannot plausibly reach its target",
    "inconclusive": "is not proven either way",
}


def _publishable(affected: int | None, min_group: int) -> int | None:
    return affected if affected is not None and affected >= min_group else None


def _count(value: Any) -> str:
    return f"{value or 0:,}"


def _stands(kpi: str, evidence: str, catalogue: Catalogue) -> str:
    if evidence == "not_met" and kpi in catalogue and catalogue[kpi].result_sign < 0:
        return "does not reach its target"  # of which it stays above
    return _STANDS[evidence]


def _against_target(kpi: str, row: dict[str, Any], catalogue: Catalogue) -> str:
    actual, target, low, high = (
        None if row[name] is None else f"{100 * row[name]:.0f} %" if is_share(kpi, catalogue) else f"{row[name]:.2f}"
        for name in ("actual", "target", "ci_low", "ci_high")
    )
    interval = f" (90 % interval {low} to {high})" if low and high else ""
    return f"{actual} against a target of {target}{interval}."


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"
