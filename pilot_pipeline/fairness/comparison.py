"""Audits of two model versions side by side, before launch; each of them is made by `synthetic_audit`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pandas as pd

from pilot_pipeline.fairness.result import Audit

HISTORY = [
    *("evidence_hash", "judged_at", "model_version", "attribute", "verdict", "q_value", "flip_rate", "aa_flip_rate")
]
"""One row per audit and attribute, as `fairness.audit_history` keeps them."""

_WORDS = {
    "bias_found": "bias found",
    "no_evidence": "no evidence of bias",
    "underpowered": "too little data",
    "not_testable": "not testable",
}


def model_version(answers: pd.DataFrame) -> str | None:
    """Return the version that checked answers name (they name one at most), or None."""
    named = answers["model_version"].dropna()
    return None if named.empty else str(named.iloc[0])


def history_rows(audit: Audit, evidence: str, judged_at: datetime, version: str | None) -> pd.DataFrame:
    """Return `HISTORY` of one synthetic audit.

    Args:
        audit: of synthetic employees.
        evidence: the hash of what was judged.
        judged_at: when that was first seen, naive UTC.
        version: from `model_version`.
    """
    rows = audit.attributes[["attribute", "verdict", "q_value"]].merge(
        audit.instability.reindex(columns=["attribute", "flip_rate", "aa_flip_rate"]), on="attribute", how="left"
    )
    when = pd.Timestamp(judged_at).as_unit("us")
    rows = rows.assign(evidence_hash=evidence, judged_at=when, model_version=version)[HISTORY]
    numbers = dict.fromkeys(["q_value", "flip_rate", "aa_flip_rate"], "float64")
    return rows.astype({"model_version": "str", **numbers})


def remember(history: pd.DataFrame | None, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the history with one audit's rows in it, each audit once, in the order of their making."""
    if history is None or history.empty:
        return rows
    others = history[~history["evidence_hash"].isin(rows["evidence_hash"])]
    both = pd.concat([others[HISTORY], rows], ignore_index=True)
    return both.sort_values(["judged_at", "evidence_hash", "attribute"], kind="stable", ignore_index=True)


def comparison(history: pd.DataFrame, evidence: str) -> tuple[str, ...]:
    """Say in sentences how an audit differs from the one before it; nothing where it is the first.

    Args:
        history: `HISTORY`, the audit included.
        evidence: that of the audit.
    """
    others = history[history["evidence_hash"] != evidence]
    if others.empty:
        return ()
    now = history[history["evidence_hash"] == evidence].set_index("attribute")
    last = others.sort_values(["judged_at", "evidence_hash"], kind="stable")["evidence_hash"].iloc[-1]
    before = others[others["evidence_hash"] == last].set_index("attribute")
    day = pd.Timestamp(before["judged_at"].iloc[0]).date()
    old, new = (_named(part["model_version"].iloc[0]) for part in (before, now))
    said = "; ".join(_change(str(name), before, now) for name in now.index)
    return (f"Compared with the audit of {day} ({old}, now {new}): {said}.",)


def _named(version: Any) -> str:
    return "version not named" if pd.isna(version) else str(version)[:40]


def _change(attribute: str, before: pd.DataFrame, now: pd.DataFrame) -> str:
    name = attribute.replace("_", " ")
    new: Any = now.loc[attribute]
    if attribute not in before.index:
        return f"{name} was not audited and is now: {_WORDS[str(new['verdict'])]}"
    old: Any = before.loc[attribute]
    same = old["verdict"] == new["verdict"]
    words = [_WORDS[str(row["verdict"])] for row in (old, new)]
    said = f"{name} {words[1]} as before" if same else f"{name} {words[0]} before, {words[1]} now"
    if pd.isna(old["flip_rate"]) or pd.isna(new["flip_rate"]):
        return said
    return f"{said} (flips {old['flip_rate']:.1%} before, {new['flip_rate']:.1%} now)"
