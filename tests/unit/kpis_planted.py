"""A made-up pilot with planted effects for the tests of KPIs and gate."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from pilot_pipeline.config import PilotConfig, parse_config
from pilot_pipeline.kpis.scoring import KpiInputs

FEEDS = {feed: {"source": f"feeds/{feed}.csv"} for feed in ("employees", "consents", "tool_events")}


def planted_config(**sections: Any) -> PilotConfig:
    base = {
        "pilot": {"starts_on": date(2026, 1, 5)},
        "organisation": {"employees": 812},
        "privacy": {"pseudonym_key": "k" * 32},
        "feeds": FEEDS,
    }
    return parse_config(base | sections, {}, "pilot.yaml")


def planted_pilot(
    behaviour: float = 0.6,
    saved: float = 0.25,
    adoption: float = 0.9,
    pairs: int = 30,
    clusters: int = 10,
    seed: int = 1,
) -> KpiInputs:
    """Behaviour effect in points, saved share of minutes, weekly adoption; noise is seeded."""
    rng = np.random.default_rng(seed)
    pair = np.tile(np.arange(1, pairs + 1), 2)
    ids = np.array([f"p_{i:016x}" for i in rng.permutation(2 * pairs)])
    pilot = np.arange(2 * pairs) < pairs
    members = pd.DataFrame(
        {
            "employee_id": ids,
            "arm": np.where(pilot, "pilot", "control"),
            "pair_id": pair,
            "cluster": pair % clusters + 1,
            "manager_id": [f"p_m{c}" for c in pair % clusters],
        }
    )
    start = np.clip(rng.normal(3, 0.4, 2 * pairs), 1, 5)
    end = start + rng.normal(0, 0.3, 2 * pairs) + behaviour * pilot
    before = rng.gamma(9, 5, 2 * pairs)
    during = before * (1 - saved * pilot) + rng.normal(0, 2, 2 * pairs)
    people = ids[:pairs]
    active = rng.random((12, pairs)) < adoption
    return KpiInputs(
        members=members,
        adoption=pd.DataFrame(
            {
                "week_no": np.repeat(np.arange(1, 13), pairs),
                "employee_id": np.tile(people, 12),
                "active": active.ravel(),
            }
        ),
        modules=pd.DataFrame({"employee_id": people, "assigned": 6, "completed": rng.binomial(6, 0.85, pairs)}),
        behaviour=pd.DataFrame({"employee_id": ids, "start_score": start, "end_score": end, "same_observer": True}),
        prep=pd.DataFrame({"employee_id": ids, "before_minutes": before, "during_minutes": during}),
        pulse=pd.DataFrame(
            {
                "employee_id": np.tile(people, 3),
                "week_no": np.repeat([4, 8, 12], pairs),
                "score": rng.normal(4, 0.3, 3 * pairs),
            }
        ),
    )
