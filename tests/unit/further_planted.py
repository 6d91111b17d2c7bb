"""Planted values of further KPIs for the made-up pilot of `kpis_planted`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from kpis_planted import FEEDS, planted_config, planted_pilot

from pilot_pipeline.config import PilotConfig
from pilot_pipeline.kpis.results import KpiResult
from pilot_pipeline.kpis.scoring import KpiInputs, score_kpis

MEASURED = {**FEEDS, "measurements": {"source": "feeds/measurements.csv"}}
EFFECT: dict[str, Any] = {"name": "calls", "unit": "calls per week", "kind": "effect", "target": 1.0}
ANCOVA = {**EFFECT, "estimator": "ancova"}
DIFFERENCE = {**EFFECT, "estimator": "difference"}
MEAN = {**EFFECT, "kind": "threshold", "estimator": "mean", "target": 6.0}
SHARE = {**EFFECT, "kind": "threshold", "estimator": "share", "target": 0.6, "reached": 6.0}


def further_config(*kpis: dict[str, Any], **sections: Any) -> PilotConfig:
    return planted_config(**{"kpis": {"further": list(kpis)}, "feeds": MEASURED, **sections})


def measured_pilot(effect: float = 1.5, seed: int = 1, name: str = "calls", **more: Any) -> KpiInputs:
    """A pilot with values before and during; `effect` is what the tool adds to a participant's later value."""
    inputs = planted_pilot(seed=seed, **more)
    rng = np.random.default_rng([seed, 7])
    members = inputs.members
    before = rng.normal(5, 1, len(members))
    during = 2 + 0.6 * before + rng.normal(0, 1, len(members)) + effect * (members["arm"] == "pilot").to_numpy()
    further = pd.DataFrame(
        {"kpi": name, "employee_id": members["employee_id"], "before_value": before, "during_value": during}
    )
    return replace(inputs, further=further)


def negated(inputs: KpiInputs) -> KpiInputs:
    """Turn every value round, as where fewer complaints stand for more praise."""
    further = inputs.further
    assert further is not None
    turned = {name: -further[name] for name in ("before_value", "during_value")}
    return replace(inputs, further=further.assign(**turned))


def result_of(inputs: KpiInputs, config: PilotConfig, name: str = "calls") -> KpiResult:
    return next(result for result in score_kpis(inputs, config, "confirmatory") if result.kpi == name)
