"""Checkpoint 1: whether the HRIS snapshot is sound enough to match people on; rejecting single rows is `feeds`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import pandas as pd

from pilot_pipeline.config.models import PilotConfig
from pilot_pipeline.readiness.results import HRIS_FEED, MAX_KEYS, CheckResult, Severity, counted, listed, percent
from pilot_pipeline.readiness.sqlrun import select

RULES = {
    "orphan": ("orphans", "a manager who is not in the snapshot"),
    "cycle": ("cycles", "a reporting line that returns to itself"),
    "self_manager": ("self_managers", "an employee as their own manager"),
    "duplicate_key": ("duplicates", "an employee who occurs more than once"),
    "unmapped_role": ("unmapped_roles", "a role that no competency knows"),
}
"""Quarantine rule to the check's name and what the rows have; every other rule counts in the share alone. The names are
the keys of `readiness.max_hris_faults`."""

SPAN_FLOOR = 20
"""Direct reports up to which a team is never called large, however small the others are."""


class FeedCounts(Protocol):
    """What came in with the feed, as `feeds.intake.FeedRead` has it."""

    @property
    def rows_read(self) -> int:
        """Rows in the source: accepted and quarantined."""
        ...

    @property
    def rows_quarantined(self) -> int:
        """Rows set aside."""
        ...


@dataclass(frozen=True)
class Counts:
    """Rows read of what is judged, and those of them that were set aside."""

    rows_read: int
    rows_quarantined: int


def check_hris(
    employees: pd.DataFrame,
    quarantine_rows: pd.DataFrame | None,
    feed_read: FeedCounts,
    config: PilotConfig,
    before: int | None = None,
) -> list[CheckResult]:
    """Return every check of the HRIS snapshot.

    A row with a slip is in quarantine and harms nobody; together such rows block once their share passes
    `readiness.max_quarantine_share`. A fault of the hierarchy, of a key or of a role blocks from the first row above
    `readiness.max_hris_faults`: one orphan or cycle moves whole teams. Where quarantine says when a row is from, only
    rows of this snapshot count: later exports are judged weekly, not here.

    Args:
        employees: feeds.employees, the rows of one snapshot.
        quarantine_rows: feeds.quarantine, the rows of employees; None where nothing was ever set aside.
        feed_read: counts of the whole feed, used where quarantine has no `dated`.
        config: the pilot's.
        before: people in the snapshot before this one; None where there is none.
    """
    rejected = _of_snapshot(employees, quarantine_rows)
    counts = _counts(employees, rejected, feed_read)
    share, limit = counts.rows_quarantined / max(counts.rows_read, 1), config.readiness.max_quarantine_share
    by_rule, places = _rows_by_rule(rejected), _places_by_rule(rejected)
    faults = config.readiness.max_hris_faults.model_dump()
    lost = _managers_present(employees)
    return [
        _volume(employees),
        _change(employees, before, config),
        _share(counts, share, limit, by_rule),
        *(
            _rule(rule, by_rule.get(rule, 0), counts.rows_read, faults[name], places.get(rule, []))
            for rule, (name, _) in RULES.items()
        ),
        _single_top(employees, config, lost.passed),
        lost,
        _spans(employees),
        _emails(employees),
    ]


def _of_snapshot(employees: pd.DataFrame, quarantine_rows: pd.DataFrame | None) -> pd.DataFrame:
    if quarantine_rows is None:
        return pd.DataFrame({"file": [], "row": [], "rule": []}).astype({"file": "str", "row": "int64", "rule": "str"})
    if "dated" not in quarantine_rows.columns or employees.empty:
        return quarantine_rows
    dated = pd.to_datetime(quarantine_rows["dated"])
    return quarantine_rows.loc[dated.isna() | (dated == pd.Timestamp(employees["as_of"].max()))]


def _counts(employees: pd.DataFrame, rejected: pd.DataFrame, feed_read: FeedCounts) -> FeedCounts:
    if "dated" not in rejected.columns or employees.empty:
        return feed_read
    rows = len(rejected[["file", "row"]].drop_duplicates())
    return Counts(len(employees) + rows, rows)


def _volume(employees: pd.DataFrame) -> CheckResult:
    found = select(
        "SELECT count(*) FILTER (employment_status <> 'terminated') AS present FROM employees", {"employees": employees}
    )
    present = int(found["present"].iloc[0])
    detail = f"{counted(present, 'person', 'people')} in the snapshot." if present else "The snapshot has nobody in it."
    return _result("people_present", present > 0, "error", (len(employees), len(employees) - present), detail)


def _share(counts: FeedCounts, share: float, limit: float, by_rule: dict[str, int]) -> CheckResult:
    rows = f"{counts.rows_quarantined:,} of {counted(counts.rows_read, 'employee row')} ({percent(share)})"
    if share <= limit:
        detail = f"{rows} are in quarantine; the limit is {percent(limit)}."
    else:
        rules = listed([f"{count} {rule.replace('_', ' ')}" for rule, count in by_rule.items()])
        detail = f"{rows} are in quarantine, above the limit of {percent(limit)}: {rules or 'rules not recorded'}."
    passed = share <= limit and counts.rows_read > 0
    if not counts.rows_read:
        detail = "No employee row was read."
    return _result("quarantine_share", passed, "error", (counts.rows_read, counts.rows_quarantined), detail)


def _change(employees: pd.DataFrame, before: int | None, config: PilotConfig) -> CheckResult:
    """Check the number of people against the snapshot before; half a feed looks sound row by row."""
    now = int((employees["employment_status"] != "terminated").sum())
    if not before:
        return _result("people_since_last", True, "error", (now, 0), "There is no earlier snapshot to compare with.")
    limit, change = config.readiness.max_volume_change, now / before - 1
    words = f"{counted(now, 'person', 'people')} in the snapshot, {before:,} in the one before"
    detail = (
        f"{words}."
        if abs(change) <= limit
        else f"{words}: a change of {percent(abs(change))}, above the limit of {percent(limit)}. Is the export whole?"
    )
    return _result("people_since_last", abs(change) <= limit, "error", (before, abs(before - now)), detail)


def _rule(rule: str, failed: int, read: int, limit: int, places: Sequence[str]) -> CheckResult:
    name, words = RULES[rule]
    detail = f"{counted(failed, 'row')} in quarantine with {words}." if failed else f"No row with {words}."
    if failed and limit:
        detail = f"{detail[:-1]}; {counted(limit, 'row')} may."
    severity: Severity = "error" if failed > limit else "warn"
    return _result(name, not failed, severity if failed else "error", (read, failed), detail, keys=places)


def _single_top(employees: pd.DataFrame, config: PilotConfig, managers_there: bool) -> CheckResult:
    """Check that the reporting lines end in one person, or in as many as the configuration allows.

    A feed without any manager blocks only where the cohort is matched under the same manager.
    """
    limit = config.readiness.max_hris_faults.tops
    sql = """
        SELECT employee_id AS key FROM employees
        WHERE manager_id IS NULL AND employment_status <> 'terminated' ORDER BY key
    """
    tops = select(sql, {"employees": employees})["key"].tolist()
    where = "one person" if limit == 1 else f"at most {limit}"
    if 1 <= len(tops) <= limit:
        return _result("single_top", True, "error", (len(employees), 0), f"The reporting lines end in {where}.")
    severity: Severity = "error"
    if tops and employees["manager_id"].isna().all():
        severity = "error" if "manager_id" in config.cohort.exact else "warn"
        detail = "Nobody has a manager: the feed has no reporting lines, so there is no hierarchy to match within."
    elif tops:
        detail = (
            f"{counted(len(tops), 'person', 'people')} without a manager; the reporting lines should end in {where}."
        )
    else:
        # The top may be a row in quarantine; that its reports have lost it is said beside.
        severity = "error" if managers_there else "warn"
        detail = f"Nobody is without a manager; the reporting lines should end in {where}."
    return _result("single_top", False, severity, (len(employees), max(len(tops) - limit, 1)), detail, keys=tops)


def _managers_present(employees: pd.DataFrame) -> CheckResult:
    """Check that the accepted rows still form reporting lines, once quarantined rows are gone."""
    sql = """
        SELECT report.employee_id AS key
        FROM employees AS report
        ANTI JOIN employees AS boss ON boss.employee_id = report.manager_id
        WHERE report.manager_id IS NOT NULL AND report.employment_status <> 'terminated'
        ORDER BY key
    """
    lost = select(sql, {"employees": employees})["key"].tolist()
    detail = (
        f"{counted(len(lost), 'person reports', 'people report')} to a manager who is not among the accepted rows."
        if lost
        else "Every manager is among the accepted rows."
    )
    return _result("managers_accepted", not lost, "warn", (len(employees), len(lost)), detail, keys=lost)


def _spans(employees: pd.DataFrame) -> CheckResult:
    """Check spans of control by Tukey's outer fence (third quartile plus three interquartile ranges; Tukey 1977)."""
    sql = """
        WITH spans AS (
            SELECT manager_id AS key, count(*) AS reports FROM employees
            WHERE manager_id IS NOT NULL AND employment_status <> 'terminated' GROUP BY manager_id
        ),
        fence AS (
            SELECT greatest($floor, 4 * quantile_cont(reports, 0.75) - 3 * quantile_cont(reports, 0.25)) AS most
            FROM spans
        )
        SELECT key, reports, reports > most AS large FROM spans, fence ORDER BY reports DESC, key
    """
    spans = select(sql, {"employees": employees}, {"floor": SPAN_FLOOR})
    large = spans.loc[spans["large"].astype(bool)]
    detail = (
        f"{counted(len(large), 'manager')} with an unusually large team, the largest of "
        f"{counted(int(large['reports'].max()), 'direct report')}: a collective account, or reporting lines gone wrong?"
        if len(large)
        else "No team is unusually large."
    )
    return _result("spans", large.empty, "warn", (len(spans), len(large)), detail, keys=large["key"].tolist())


def _emails(employees: pd.DataFrame) -> CheckResult:
    sql = """
        SELECT employee_id AS key FROM employees
        WHERE email IS NULL AND employment_status <> 'terminated' ORDER BY key
    """
    without = select(sql, {"employees": employees})["key"].tolist()
    detail = (
        f"{counted(len(without), 'person has', 'people have')} no e-mail; their sign-ins cannot be joined to them."
        if without
        else "Everybody has an e-mail."
    )
    return _result("emails", not without, "warn", (len(employees), len(without)), detail, keys=without)


def _rows_by_rule(quarantine_rows: pd.DataFrame) -> dict[str, int]:
    """Return rule to number of rows, most frequent first; a row counts once per rule."""
    sql = """
        SELECT rule, count(DISTINCT (file, row)) AS rows FROM quarantine GROUP BY rule ORDER BY rows DESC, rule
    """
    found = select(sql, {"quarantine": quarantine_rows})
    return {str(rule): int(rows) for rule, rows in zip(found["rule"], found["rows"], strict=True)}


def _places_by_rule(quarantine_rows: pd.DataFrame) -> dict[str, list[str]]:
    """Return rule to the places of its rows, `file:line`; a row that was never accepted has no key to be named by."""
    rows = quarantine_rows[["rule", "file", "row"]].drop_duplicates().sort_values(["rule", "file", "row"])
    places = rows["file"].astype("str") + ":" + rows["row"].astype("str")
    return {str(rule): group.tolist() for rule, group in places.groupby(rows["rule"])}


def _result(
    name: str, passed: bool, severity: Severity, rows: tuple[int, int], detail: str, *, keys: Sequence[str] = ()
) -> CheckResult:
    """Return a result; `rows` are those checked and those failed."""
    return CheckResult(HRIS_FEED, name, "sql", passed, severity, *rows, detail, tuple(keys[:MAX_KEYS]))
