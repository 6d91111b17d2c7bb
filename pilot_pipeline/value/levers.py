"""The three levers and the net value of a rollout as percentiles; nothing here decides whether to roll out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
import pandas as pd

from pilot_pipeline.config.measuring import RoiSection
from pilot_pipeline.value.draws import cluster_mean, draw_means, draw_pert, draw_yearly_leaving
from pilot_pipeline.value.inputs import Floats, ValueInputs

Streams = Mapping[str, np.random.Generator]
Drawn = tuple[dict[str, Floats], dict[str, str]]
"""Draws by input, and reasons by lever that is not estimable."""

DRAWS = 20_000
LEVERS = ("manager_time", "attrition", "performance")
_NO_ROLLOUT = "The rollout is not declared ({missing}), and what it keeps of a pilot's effect has no default."
_FEW_CLUSTERS = "Fewer than two judging clusters hold {what}, so its spread cannot be estimated."
_NO_LINK = "No link from behaviour scores to a business outcome was declared before the pilot."


@dataclass(frozen=True)
class Lever:
    """One row of the published `roi` table; money in the configured currency over the horizon."""

    lever: str
    estimable: bool
    reason: str | None = None
    p10: float | None = None
    p50: float | None = None
    p90: float | None = None
    probability_of_loss: float | None = None


@dataclass(frozen=True)
class Uncertain:
    """Draws of every uncertain input by its name for people; without those of a lever that is not estimable."""

    draws: Mapping[str, Floats]
    reasons: Mapping[str, str]
    employees: int
    costs: float
    hours_per_minute: float
    salary: float
    horizon_years: float


MINUTES, KEPT, HOUR, AVOIDED, REPLACEMENT, BEHAVIOUR, LINK = (
    "Minutes saved",
    "Adoption kept",
    "Manager hour cost",
    "Leavers avoided",
    "Replacement cost",
    "Behaviour change",
    "Outcome link",
)


def estimate_value(inputs: ValueInputs, roi: RoiSection, seed: int) -> tuple[Lever, ...]:
    """Return manager_time, attrition, performance, total_without_attrition and total, in this order.

    Percentiles of a total come from its own draws, never from sums of percentiles. A lever that is not estimable adds
    nothing to a total and says why; a total is estimable as soon as one of its levers is.
    """
    drawn = draw_inputs(inputs, roi, seed)
    money = lever_money(drawn, drawn.draws)
    rows = [
        _row(lever, money[lever]) if lever in money else Lever(lever, False, drawn.reasons[lever]) for lever in LEVERS
    ]
    without = [lever for lever in LEVERS if lever in money and lever != "attrition"]
    rows.append(_total("total_without_attrition", [money[lever] for lever in without], drawn))
    rows.append(_total("total", list(money.values()), drawn))
    return tuple(rows)


def levers_frame(levers: tuple[Lever, ...]) -> pd.DataFrame:
    """Return the levers as rows of the published `roi` table."""
    names = [field.name for field in fields(Lever)]
    frame = pd.DataFrame([[getattr(lever, name) for name in names] for lever in levers], columns=names)
    numbers = dict.fromkeys(("p10", "p50", "p90", "probability_of_loss"), "float64")
    return frame.astype({"lever": "str", "reason": "str", "estimable": "bool", **numbers})


def draw_inputs(inputs: ValueInputs, roi: RoiSection, seed: int, size: int = DRAWS) -> Uncertain:
    """Return `size` draws of everything uncertain, each input from its own stream of `seed`.

    Own streams keep one input's draws when another becomes inestimable, so that two runs stay comparable.
    """
    streams = _streams(seed)
    missing = _missing_rollout(roi)
    if missing or roi.rollout_adoption is None:
        draws: dict[str, Floats] = {}
        reasons = dict.fromkeys(LEVERS, missing)
    else:
        effects, no_effects = _draw_effects(inputs, size, streams)
        leavers, no_leavers = _draw_attrition(inputs, roi, size, streams)
        kept = draw_pert(*roi.rollout_adoption, size, streams[KEPT])
        hour = draw_pert(*roi.manager_hour_cost, size, streams[HOUR])
        draws = {KEPT: kept, HOUR: hour, **effects, **leavers}
        reasons = {**no_effects, **no_leavers}
    return Uncertain(
        draws=draws,
        reasons=reasons,
        employees=roi.rollout_employees or 0,
        costs=sum(amount for _, amount in cost_ledger(roi)),
        hours_per_minute=inputs.working_weeks / 60.0,
        salary=roi.average_salary,
        horizon_years=roi.horizon_years,
    )


def lever_money(drawn: Uncertain, values: Mapping[str, Floats]) -> dict[str, Floats]:
    """Return money per estimable lever from values of the inputs (draws, or single numbers as arrays of length 1)."""
    if KEPT not in values:
        return {}
    people = drawn.employees * drawn.horizon_years * values[KEPT]
    money: dict[str, Floats] = {}
    if MINUTES in values:
        money["manager_time"] = people * values[MINUTES] * drawn.hours_per_minute * values[HOUR]
    if AVOIDED in values:
        money["attrition"] = people * values[AVOIDED] * drawn.salary * values[REPLACEMENT]
    if LINK in values and BEHAVIOUR in values:
        money["performance"] = people * values[BEHAVIOUR] * values[LINK]
    return money


def cost_ledger(roi: RoiSection) -> tuple[tuple[str, float], ...]:
    """Return (item, amount) over the horizon: licences for everyone, active or not, and what is paid once."""
    licences = roi.licence_per_person_year * (roi.rollout_employees or 0) * roi.horizon_years
    return (("licences", licences), *sorted(roi.one_off_costs.items()))


def reclaimed_weights(control_minutes: float) -> tuple[float, float]:
    """Return the weights (pilot, control) whose sum of minutes counts as reclaimed per report and week.

    Two readings of the controls' change are possible. If it is the season's, pilot − control is reclaimed. If managers
    moved time from pilot reports to controls, only the net over both arms, pilot + control, is. The lower one counts.
    """
    return (1.0, -1.0) if control_minutes >= 0 else (1.0, 1.0)


def _draw_effects(inputs: ValueInputs, size: int, streams: Streams) -> Drawn:
    """Draw behaviour and minutes jointly, since the same managers stand behind both."""
    minutes = ["pilot_minutes", "control_minutes"]
    pairs = inputs.pairs.copy()
    pairs.loc[pairs[minutes].isna().any(axis=1), minutes] = np.nan
    usable = [c for c in ("behaviour", *minutes) if cluster_mean(pairs[[c]], pairs["cluster"]) is not None]
    estimate = cluster_mean(pairs[usable], pairs["cluster"]) if usable else None
    drawn = draw_means(estimate, size, streams["effects"]) if estimate is not None else np.empty((size, 0))
    column = {name: drawn[:, number] for number, name in enumerate(usable)}
    draws: dict[str, Floats] = {}
    reasons: dict[str, str] = {}
    if "pilot_minutes" in column:
        pilot, control = reclaimed_weights(pairs["control_minutes"].mean())
        draws[MINUTES] = pilot * column["pilot_minutes"] + control * column["control_minutes"]
    else:
        reasons["manager_time"] = _FEW_CLUSTERS.format(what="preparation times of both arms")
    if inputs.outcome_link is None:
        reasons["performance"] = _NO_LINK
    elif "behaviour" not in column:
        reasons["performance"] = _FEW_CLUSTERS.format(what="behaviour scores of both arms")
    else:
        link = inputs.outcome_link
        draws[BEHAVIOUR] = column["behaviour"]
        draws[LINK] = draw_pert(link.low, link.likely, link.high, size, streams[LINK])
    return draws, reasons


def _draw_attrition(inputs: ValueInputs, roi: RoiSection, size: int, streams: Streams) -> Drawn:
    pilot, control = inputs.pilot_attrition, inputs.control_attrition
    if pilot is None or control is None or min(pilot.n, control.n, pilot.weeks, control.weeks) <= 0:
        return {}, {"attrition": "Leavers were not observed in both arms."}
    leaving = [draw_yearly_leaving(arm, size, streams[name]) for arm, name in ((pilot, "pilot"), (control, "control"))]
    replacement = draw_pert(*roi.replacement_cost_share_of_salary, size, streams[REPLACEMENT])
    return {AVOIDED: leaving[1] - leaving[0], REPLACEMENT: replacement}, {}


def _total(name: str, parts: list[Floats], drawn: Uncertain) -> Lever:
    if not parts:
        undeclared = KEPT not in drawn.draws
        return Lever(name, False, drawn.reasons["manager_time"] if undeclared else "None of its levers is estimable.")
    net = np.sum(parts, axis=0) - drawn.costs
    return _row(name, net, probability_of_loss=float(np.mean(net < 0)))


def _row(name: str, money: Floats, probability_of_loss: float | None = None) -> Lever:
    low, middle, high = (float(q) for q in np.quantile(money, [0.1, 0.5, 0.9]))
    return Lever(name, True, None, low, middle, high, probability_of_loss)


def _missing_rollout(roi: RoiSection) -> str:
    missing = [f"roi.{name}" for name in ("rollout_employees", "rollout_adoption") if getattr(roi, name) is None]
    return _NO_ROLLOUT.format(missing=" and ".join(missing)) if missing else ""


def _streams(seed: int) -> Streams:
    names = ("effects", "pilot", "control", HOUR, REPLACEMENT, KEPT, LINK)
    children = np.random.SeedSequence(seed).spawn(len(names))
    return {name: np.random.default_rng(child) for name, child in zip(names, children, strict=True)}
