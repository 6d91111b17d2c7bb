"""What went otherwise than designed in the arms, each with its effect on the analysis; scoring without it is elsewhere.

Intention to treat leads: nobody is moved or dropped for what is listed here (Fisher et al. 1990, in Peace (ed.),
*Statistical Issues in Drug Research and Development*; ICH E9, 5.2.1).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pilot_pipeline.closeout import formats

INCIDENT_COLUMNS = ("kind", "arm", "people", "of", "suppressed", "sentence")
_FEWEST_TEAMS = 5


@dataclass(frozen=True)
class ExposureInputs:
    """Who met what, from the lock to the latest finished week.

    members: cohort_members. users, moved: ids of cohort members who ever were active in the tool, or have another
    manager in a later snapshot. left: ids of those who left or withdrew. trained: ids of managers who attended
    enablement. team_sizes: people per manager at the lock. saved: minutes of preparation saved per report and week, by
    employee_id. limit: share of controls that may use the tool. min_group: the smallest number of people shown.
    """

    members: pd.DataFrame
    users: frozenset[str]
    moved: frozenset[str]
    left: frozenset[str]
    trained: frozenset[str]
    team_sizes: pd.Series
    saved: pd.Series
    limit: float
    min_group: int

    def ids(self, arm: str) -> pd.Series:
        """The people of an arm."""
        return self.members.loc[self.members["arm"] == arm, "employee_id"]


def incidents(inputs: ExposureInputs) -> pd.DataFrame:
    """Return one row per kind and arm.

    Returns:
        `INCIDENT_COLUMNS`: kind (control_use, spill_over, moved, left), arm, people and of (missing where they or the
        rest of the arm are fewer than the minimum), suppressed, sentence: how many, and what it does to the analysis.
    """
    controls = inputs.members[inputs.members["arm"] == "control"]
    leads = set(inputs.members.loc[inputs.members["arm"] == "pilot", "manager_id"].dropna()) | inputs.trained
    near = int(controls["manager_id"].isin(leads).sum())
    rows = [
        ("control_use", "control", int(controls["employee_id"].isin(inputs.users).sum()), _use(inputs)),
        ("spill_over", "control", near, _spill_over(inputs)),
    ]
    for arm, inactive in (("pilot", "; adoption counts them as inactive."), ("control", ".")):
        rows.append(("moved", arm, int(inputs.ids(arm).isin(inputs.moved).sum()), _MOVED))
        rows.append(("left", arm, int(inputs.ids(arm).isin(inputs.left).sum()), _LEFT + inactive))
    return pd.DataFrame([_row(inputs, *row) for row in rows], columns=list(INCIDENT_COLUMNS)).astype(
        {"people": "Int64", "of": "Int64", "suppressed": "bool"}
    )


_DOING = {
    "control_use": "used the tool",
    "spill_over": "share a manager with participants, or have one who was trained for the pilot",
    "moved": "have another manager by now",
    "left": "left or withdrew",
}
_PEOPLE = {"pilot": "participants", "control": "controls"}
_MOVED = "They are judged under the manager at the lock; who was observed by two managers is in a sensitivity run."
_LEFT = "Their pairs stay, and their later outcomes are missing"


def _row(inputs: ExposureInputs, kind: str, arm: str, people: int, words: str) -> tuple[object, ...]:
    everybody = len(inputs.ids(arm))
    hidden = 0 < people < inputs.min_group or 0 < everybody - people < inputs.min_group
    sentence = f"{_count(people, everybody, arm, inputs.min_group)} {_DOING[kind]}."
    if people:
        sentence = f"{sentence} {words}"
    shown = (None, None) if hidden else (people, everybody)
    return kind, arm, *shown, hidden, sentence


def _count(people: int, everybody: int, arm: str, least: int) -> str:
    who = _PEOPLE[arm]
    if people == 0:
        return f"No {who}"
    if people < least:
        return f"Fewer than {least} {who}"
    if people < everybody < people + least:
        return f"Nearly all {who}"
    return f"All {everybody} {who}" if people == everybody else f"{people} of {everybody} {who}"


def _use(inputs: ExposureInputs) -> str:
    return (
        "They stay controls (intention to treat), which makes the effect look smaller; above "
        f"{inputs.limit:.0%} of controls the result is directional."
    )


def _spill_over(inputs: ExposureInputs) -> str:
    first = "What that manager passes on makes the effect look smaller."
    slope = spill_over_slope(inputs)
    if slope is None:
        return f"{first} How much cannot be estimated here."
    estimate, low, high = (formats.number(value / 10, 1) for value in slope)  # per ten points of a share of 0 to 1
    return (
        f"{first} Per ten points more of a team in the pilot its controls save {estimate} minutes more of preparation "
        f"per report and week (90 % interval {low} to {high}); a clearly positive slope is spill-over."
    )


def spill_over_slope(inputs: ExposureInputs) -> tuple[float, float, float] | None:
    """Return by how many minutes the controls' saving rises with their team's share in the pilot (0-1), with 90 % ends.

    Ordinary least squares over teams, each with the mean of its controls; None with fewer than five teams, or where all
    have the same share.
    """
    from scipy.stats import linregress, t

    pilots = inputs.members[inputs.members["arm"] == "pilot"].groupby("manager_id").size()
    controls = inputs.members[inputs.members["arm"] == "control"]
    saved = controls["employee_id"].map(inputs.saved)
    means = saved.groupby(controls["manager_id"]).mean().dropna()
    share = (pilots.reindex(means.index).fillna(0) / inputs.team_sizes.reindex(means.index)).astype("float64")
    known = share.notna()
    if int(known.sum()) < _FEWEST_TEAMS or np.ptp(share[known]) < 1e-9:
        return None
    line = linregress(share[known], means[known])
    half = float(t.isf(0.05, int(known.sum()) - 2)) * float(line.stderr)
    return float(line.slope), float(line.slope) - half, float(line.slope) + half
