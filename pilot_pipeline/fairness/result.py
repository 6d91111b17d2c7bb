"""What an audit says, as one value: verdicts, rates, power and sentences; reaching it is `audit`'s business."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Literal

import numpy as np
import pandas as pd

from pilot_pipeline.fairness.groups import TIMES

Verdict = Literal["bias_found", "no_evidence", "underpowered", "not_testable"]

ATTRIBUTES = ["attribute", "p_value", "q_value", "verdict", "power", "level", "group_value", "where", "z"]
"""One row per attribute: its verdict, and where the largest difference lies (description, not a test)."""

TABLE = [
    *("audit", "as_of", "attribute", "group_value", "pathway_id", "n", "rate", "impact_ratio", "p_value", "q_value"),
    *("verdict", "suppressed"),
]
"""The columns of the published `bias_audit`."""

ENOUGH_POWER = 0.80


@dataclass(frozen=True)
class Audit:
    """The result of one bias audit.

    Attributes:
        kind: synthetic, or live.
        as_of: the week's Monday, or the day when the synthetic answers were first seen.
        verdict: the worst of the attributes: bias_found, then underpowered, then no_evidence; not_testable when no
            attribute is testable.
        attributes: `ATTRIBUTES`.
        table: `TABLE`, one row per attribute, group and pathway; small groups are suppressed.
        make_themes: makes `themes`, on first use.
        make_reported: makes `reported`, on first use.
        power: attribute, group_value, power for severe steering.
        by_role: live: attribute, role, group_value, pathway_id, z, cells; description, small cells left out.
        instability: synthetic: attribute, sets, flips, flip_rate, aa_sets, aa_flip_rate, excess, excess_high.
        flips: synthetic: attribute, group_value, other_value, sets, flips, flip_rate.
        flip_targets: synthetic: attribute, group_value, other_value, pathway_id, sets, only_group, only_other.
        proxy: synthetic: attribute, p_value, q_value, level, group_value, where, z, of the correlated population.
        findings: sentences for people, without anyone's name or a small group's.
        n: people with a first choice, or twin sets.
    """

    kind: Literal["synthetic", "live"]
    as_of: date
    verdict: Verdict
    attributes: pd.DataFrame
    table: pd.DataFrame
    findings: tuple[str, ...]
    n: int
    week_no: int | None = None
    make_themes: Callable[[], pd.DataFrame] = pd.DataFrame
    make_reported: Callable[[], pd.DataFrame] = pd.DataFrame
    power: pd.DataFrame = field(default_factory=pd.DataFrame)
    by_role: pd.DataFrame = field(default_factory=pd.DataFrame)
    instability: pd.DataFrame = field(default_factory=pd.DataFrame)
    proxy: pd.DataFrame = field(default_factory=pd.DataFrame)
    flips: pd.DataFrame = field(default_factory=pd.DataFrame)
    flip_targets: pd.DataFrame = field(default_factory=pd.DataFrame)

    @cached_property
    def themes(self) -> pd.DataFrame:
        """The table over pathway themes (`theme` for `pathway_id`), without the verdict columns; may be empty."""
        return self.make_themes()

    @cached_property
    def reported(self) -> pd.DataFrame:
        """Four-fifths, Fisher, Cochran–Mantel–Haenszel and ratio intervals: asked for, deciding nothing."""
        return self.make_reported()

    @property
    def blocks(self) -> bool:
        """Bias was found; there is no waiver."""
        return self.verdict == "bias_found"

    def __str__(self) -> str:
        return "\n".join((f"{self.kind} bias audit as of {self.as_of}: {self.verdict}", *self.findings))


def judge(q_value: float, power: float, testable: bool, alpha: float) -> Verdict:
    """Return an attribute's verdict from its adjusted p and the power behind it."""
    if not testable:
        return "not_testable"
    if q_value <= alpha:
        return "bias_found"
    return "no_evidence" if power >= ENOUGH_POWER else "underpowered"


def overall(attributes: pd.DataFrame) -> Verdict:
    """Return the audit's verdict from those of its attributes (`ATTRIBUTES`).

    Bias in an intersection is bias; too little data for an intersection is no news, as pilots are small.
    """
    if attributes["verdict"].eq("bias_found").any():
        return "bias_found"
    single = attributes.loc[~attributes["attribute"].str.contains(TIMES, regex=False), "verdict"]
    order: tuple[Verdict, ...] = ("underpowered", "no_evidence")
    return next((verdict for verdict in order if single.eq(verdict).any()), "not_testable")


def published(rates: pd.DataFrame, attributes: pd.DataFrame, kind: str, as_of: date) -> pd.DataFrame:
    """Join rates and verdicts into the published columns; a suppressed row keeps its keys and verdict only."""
    said = attributes.set_index("attribute")
    table = rates.assign(verdict=rates["attribute"].map(said["verdict"]))
    for column in ("p_value", "q_value"):
        values = table["attribute"].map(said[column]).to_numpy(dtype=np.float64)
        gone = table["suppressed"].to_numpy() | np.isnan(values)
        table[column] = pd.arrays.FloatingArray(np.nan_to_num(values), gone)
    table = table.assign(audit=kind, as_of=pd.Timestamp(as_of).as_unit("us"))[TABLE]
    keys = ["attribute", "group_value", "pathway_id"]
    return table.sort_values(keys, kind="stable", ignore_index=True)


def rates_by_pathway(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table as people read it: one row per attribute and group, its n, and a rate in per cent per pathway.

    What is suppressed reads "withheld".
    """
    text = (100 * table["rate"].astype("Float64")).round(0).astype("Int64").astype("str") + " %"
    cells = table.assign(cell=text.where(~table["suppressed"], "withheld"))
    wide = cells.pivot(index=["attribute", "group_value"], columns="pathway_id", values="cell")
    n = cells.groupby(["attribute", "group_value"])["n"].first().astype("str").fillna("withheld")
    wide.insert(0, "n", n)
    return wide.reset_index().rename_axis(columns=None).rename(columns={"group_value": "group"})
