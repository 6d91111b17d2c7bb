"""The stored go-live record and the assertion that every live asset makes; what is checked stands in its siblings.

`readiness.checks` holds the latest results per checkpoint, `readiness.golive` the record that launches assert against;
when evidence was first seen, and what it was made of, is kept by `expiry`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import pandas as pd

from pilot_pipeline.errors import NotReady
from pilot_pipeline.readiness.evidence import evidence_hash
from pilot_pipeline.readiness.expiry import RERUN, SEEN, SEEN_COLUMNS, changed_parts, remember_parts
from pilot_pipeline.readiness.results import CHECKPOINTS, CheckResult, Requirement, counted
from pilot_pipeline.readiness.store import Store, read_rows, replace_rows, typed

CHECKS = "readiness.checks"
GOLIVE = "readiness.golive"

CHECKS_COLUMNS: Mapping[str, str] = {
    "checkpoint": "VARCHAR",
    "check_name": "VARCHAR",
    "tool": "VARCHAR",
    "passed": "BOOLEAN",
    "severity": "VARCHAR",
    "rows_checked": "BIGINT",
    "rows_failed": "BIGINT",
    "checked_at": "TIMESTAMP",
    "evidence_hash": "VARCHAR",
    "detail": "VARCHAR",
}
GOLIVE_COLUMNS: Mapping[str, str] = {
    "requirement": "VARCHAR",
    "passed": "BOOLEAN",
    "evidence_hash": "VARCHAR",
    "recorded_at": "TIMESTAMP",
    "detail": "VARCHAR",
}

State = Literal["holds", "failed", "missing", "stale"]


@dataclass(frozen=True)
class Condition:
    """One thing that go-live stands on: a checkpoint or a requirement, its state and why in a sentence."""

    name: str
    state: State
    detail: str


@dataclass(frozen=True)
class GoLive:
    """Whether live data may be processed, and every condition with its state."""

    conditions: tuple[Condition, ...]

    @property
    def holds(self) -> bool:
        """Whether every condition holds."""
        return all(condition.state == "holds" for condition in self.conditions)

    @property
    def blockers(self) -> tuple[Condition, ...]:
        """The conditions that do not hold."""
        return tuple(condition for condition in self.conditions if condition.state != "holds")

    @property
    def stale_checkpoints(self) -> tuple[str, ...]:
        """Checkpoints whose evidence is not current: missing, failed or stale."""
        return tuple(condition.name for condition in self.blockers if condition.name in CHECKPOINTS)

    @property
    def sentence(self) -> str:
        """The answer in words, with what to do."""
        if self.holds:
            return "Ready to go live: the four checkpoints and every requirement hold."
        reasons = "; ".join(f"{item.name} {_STATE_WORDS[item.state]}: {item.detail}" for item in self.blockers)
        return f"Live data may not be processed. {reasons}. Run `pilot check` for the whole table."


_STATE_WORDS: Mapping[State, str] = {"holds": "holds", "failed": "failed", "missing": "is missing", "stale": "is stale"}


def record_checks(store: Store, results: Sequence[CheckResult], evidence: str, now: datetime) -> pd.DataFrame:
    """Store a checkpoint's results in place of its earlier ones, and return the rows as stored.

    `checked_at` is the instant when this evidence was first seen for this checkpoint, also when other evidence was
    judged in between; `now` (naive UTC) is used only for evidence never seen before.

    Args:
        store: the warehouse.
        results: every result of exactly one checkpoint.
        evidence: hash of what was judged, see `evidence`.
        now: the run's instant.

    Raises:
        ValueError: no result at all, or results of more than one checkpoint.
    """
    names = {result.checkpoint for result in results}
    if len(names) != 1:
        raise ValueError(f"record_checks takes the results of one checkpoint; got {sorted(names) or 'none'}")
    (checkpoint,) = names
    seen = read_rows(store, SEEN, SEEN_COLUMNS)
    known = seen.loc[(seen["checkpoint"] == checkpoint) & (seen["evidence_hash"] == evidence)]
    seen_at = first_seen(store, checkpoint, evidence, now)
    rows = typed(
        pd.DataFrame(
            [
                {
                    "checkpoint": result.checkpoint,
                    "check_name": result.check_name,
                    "tool": result.tool,
                    "passed": result.passed,
                    "severity": result.severity,
                    "rows_checked": result.rows_checked,
                    "rows_failed": result.rows_failed,
                    "checked_at": seen_at,
                    "evidence_hash": evidence,
                    "detail": result.detail,
                }
                for result in results
            ]
        ),
        CHECKS_COLUMNS,
    )
    remember_parts(store, checkpoint, evidence)
    if not len(known):
        new = {"checkpoint": [checkpoint], "evidence_hash": [evidence], "first_seen_at": [seen_at]}
        replace_rows(store, SEEN, [seen, typed(pd.DataFrame(new), SEEN_COLUMNS)], SEEN_COLUMNS)
    # The instant is kept first: a crash before the results are stored must not move `checked_at` later.
    earlier = read_rows(store, CHECKS, CHECKS_COLUMNS)
    replace_rows(store, CHECKS, [earlier.loc[earlier["checkpoint"] != checkpoint], rows], CHECKS_COLUMNS)
    return rows


def first_seen(store: Store, checkpoint: str, evidence: str, now: datetime) -> pd.Timestamp:
    """Return the instant when this evidence was first judged, `now` where it never was."""
    seen = read_rows(store, SEEN, SEEN_COLUMNS)
    known = seen.loc[(seen["checkpoint"] == checkpoint) & (seen["evidence_hash"] == evidence), "first_seen_at"]
    return pd.Timestamp(known.iloc[0]) if len(known) else pd.Timestamp(now)


def store_golive(store: Store, requirements: Sequence[Requirement], now: datetime) -> pd.DataFrame:
    """Store the go-live record from the recorded checks and the given requirements, and return its rows.

    One row per checkpoint, with the evidence hash that it was judged on, and one per requirement, with a hash of the
    requirement itself. `recorded_at` keeps its instant while a row's verdict and evidence stay as they are.

    Args:
        store: the warehouse, with `record_checks` done for the checkpoints of this run.
        requirements: governance, consent, timeline, KPIs, enablement; `warn` ones are recorded as passed with
            their sentence, for they never block.
        now: the run's instant, naive UTC.
    """
    checks = read_rows(store, CHECKS, CHECKS_COLUMNS)
    rows = [_checkpoint_row(checkpoint, checks) for checkpoint in CHECKPOINTS]
    rows.extend(
        {
            "requirement": item.name,
            "passed": not item.blocks,
            "evidence_hash": evidence_hash({}, {item.name: [item.passed, item.severity, item.detail]}),
            "detail": item.detail,
        }
        for item in requirements
    )
    frame = pd.DataFrame(rows)
    earlier = read_rows(store, GOLIVE, GOLIVE_COLUMNS)
    instants = {
        (row.requirement, row.passed, _text(row.evidence_hash)): row.recorded_at for row in earlier.itertuples()
    }
    keys = zip(frame["requirement"], frame["passed"], frame["evidence_hash"], strict=True)
    recorded_at = [instants.get((name, ok, _text(sha)), pd.Timestamp(now)) for name, ok, sha in keys]
    frame["recorded_at"] = pd.Series(recorded_at, index=frame.index)
    frame = typed(frame, GOLIVE_COLUMNS)
    store.write(GOLIVE, frame, columns=GOLIVE_COLUMNS)
    return frame


def golive_state(store: Store, current: Mapping[str, str]) -> GoLive:
    """Return every condition of go-live against the evidence as it is now.

    A checkpoint holds when it was checked, no error-level check failed, the record was made on those very results
    and the evidence still hashes the same. A requirement holds when the record says so.

    Args:
        store: the warehouse.
        current: checkpoint to evidence hash, computed from today's feeds and configuration. A checkpoint that is
            left out counts as stale: nobody has shown that its evidence is current.
    """
    checks = read_rows(store, CHECKS, CHECKS_COLUMNS)
    record = read_rows(store, GOLIVE, GOLIVE_COLUMNS)
    recorded = {str(row.requirement): row for row in record.itertuples()}
    conditions = [
        _checkpoint_condition(store, name, checks, recorded.get(name), current.get(name)) for name in CHECKPOINTS
    ]
    conditions.extend(
        Condition(name, "holds" if row.passed else "failed", _trimmed(row.detail))
        for name, row in recorded.items()
        if name not in CHECKPOINTS
    )
    return GoLive(tuple(conditions))


def require_golive(store: Store, current: Mapping[str, str]) -> GoLive:
    """Assert that live data may be processed; see `golive_state` for the arguments.

    Raises:
        NotReady: naming each failed, missing or stale condition in one sentence.
    """
    state = golive_state(store, current)
    if not state.holds:
        raise NotReady(state.sentence)
    return state


def _checkpoint_row(checkpoint: str, checks: pd.DataFrame) -> dict[str, object]:
    mine = checks.loc[checks["checkpoint"] == checkpoint]
    if mine.empty:
        return {"requirement": checkpoint, "passed": False, "evidence_hash": None, "detail": "it was never checked"}
    failed = _failed(mine)
    return {
        "requirement": checkpoint,
        "passed": failed.empty,
        "evidence_hash": mine["evidence_hash"].iloc[0],
        "detail": _trimmed(" ".join(failed["detail"])) if len(failed) else f"{counted(len(mine), 'check')} passed",
    }


def _checkpoint_condition(
    store: Store, name: str, checks: pd.DataFrame, recorded: object, current: str | None
) -> Condition:
    mine = checks.loc[checks["checkpoint"] == name]
    if mine.empty:
        return Condition(name, "missing", "it was never checked")
    failed = _failed(mine)
    if len(failed):
        return Condition(name, "failed", _trimmed(" ".join(failed["detail"])))
    if recorded is None:
        return Condition(name, "missing", "it was checked, but the go-live record was not made")
    judged = mine["evidence_hash"].iloc[0]
    doubt = _doubt(judged, recorded, current)
    if current is not None and current != judged and (changed := changed_parts(store, name, judged, current)):
        doubt = f"{changed} changed since it was checked"
    doubt = doubt and f"{doubt}; {RERUN[name]}"
    return Condition(name, "stale", doubt) if doubt else Condition(name, "holds", counted(len(mine), "check"))


def _doubt(judged: str, recorded: object, current: str | None) -> str | None:
    """Return why evidence that was judged well is not current, or None where it is."""
    if current is None:
        return "nothing shows that its evidence is current"
    if current != judged:
        return "its rows or its settings have changed since it was checked"
    if getattr(recorded, "evidence_hash", None) != judged or not getattr(recorded, "passed", False):
        return "it was checked again after the go-live record was made"
    return None


def _failed(checks: pd.DataFrame) -> pd.DataFrame:
    return checks.loc[~checks["passed"].astype(bool) & (checks["severity"] == "error")]


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _trimmed(detail: object) -> str:
    return str(detail).rstrip(".")
