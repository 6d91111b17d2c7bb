"""Scores a further KPI by its declared estimator, with the functions of the five; declaring is `config.further`.

Here people's figures are turned so that more is better, and nowhere else; `KpiResult.shown` turns results back.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from pilot_pipeline.config.kpi_catalogue import KpiDefinition
from pilot_pipeline.kpis.effects import behaviour_effect
from pilot_pipeline.kpis.estimators import mean_estimate, share_estimate
from pilot_pipeline.kpis.filling import Design, person_clusters, unmeasured, with_effect, with_share
from pilot_pipeline.kpis.pairs import Differences, further_differences
from pilot_pipeline.kpis.results import KpiResult


def oriented(frame: pd.DataFrame | None, told: KpiDefinition) -> pd.DataFrame:
    """Return one KPI's rows (employee_id, before_value, during_value), turned so that more is better.

    Args:
        frame: `KpiInputs.further`.
        told: the KPI.
    """
    if frame is None:
        return pd.DataFrame({"employee_id": [], "before_value": [], "during_value": []})
    own = frame.loc[frame["kpi"] == told.name, ["employee_id", "before_value", "during_value"]]
    return own.assign(before_value=told.sign * own["before_value"], during_value=told.sign * own["during_value"])


def differences(pairs: pd.DataFrame, frame: pd.DataFrame | None, told: KpiDefinition) -> Differences:
    """Return the pair differences of a further effect, in its unit, turned so that more is better.

    Args:
        pairs: `locked_pairs`.
        frame: `KpiInputs.further`.
        told: the KPI.
    """
    return further_differences(told.name, pairs, oriented(frame, told), change=told.estimator == "difference")


def score_further(frame: pd.DataFrame | None, design: Design, told: KpiDefinition) -> KpiResult:
    """Return one further KPI's result, not judged yet."""
    return (_effect if told.kind == "effect" else _threshold)(frame, design, told)


def _effect(frame: pd.DataFrame | None, design: Design, told: KpiDefinition) -> KpiResult:
    result, pairs = design.blank(told.name), differences(design.pairs, frame, told)
    complete = pairs.complete
    if int(complete.sum()) < design.fewest:
        return unmeasured(
            result,
            f"Fewer than {design.fewest} pairs have values of {told.metric} before the pilot and from week 5 on.",
        )
    return with_effect(
        result, behaviour_effect(pairs.end[complete], pairs.start[complete], pairs.clusters[complete], design.seed)
    )


def _threshold(frame: pd.DataFrame | None, design: Design, told: KpiDefinition) -> KpiResult:
    result = design.blank(told.name)
    values = design.pilots["employee_id"].map(oriented(frame, told).set_index("employee_id")["during_value"])
    measured = values.dropna()
    if len(measured) < design.fewest:
        return unmeasured(result, f"Fewer than {design.fewest} participants have a value of {told.metric}.")
    without = len(values) - len(measured)
    notes = (f"Participants without a value: {design.count(without)}.",) if without else ()
    filled = replace(result, n=len(measured), notes=notes)
    figures = measured.to_numpy(dtype=np.float64)
    if told.estimator == "mean":
        found = mean_estimate(figures)
        return replace(filled, actual=found.value, ci_low=found.low, ci_high=found.high)
    clusters = person_clusters(design.pilots)[values.notna().to_numpy()]
    return _share(filled, figures >= told.sign * (told.reached or 0.0), clusters, len(values))


def _share(
    result: KpiResult, reached: npt.NDArray[np.bool_], clusters: npt.NDArray[np.int64], people: int
) -> KpiResult:
    """Fill in a share of people; its bounds are those without a value who have all reached it, or none of them."""
    found = share_estimate(reached, clusters)
    count = int(reached.sum())
    silent = people - reached.size
    return replace(
        with_share(result, found),
        worst=count / people if silent else None,
        best=(count + silent) / people if silent else None,
    )
