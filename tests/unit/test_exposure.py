"""Exposure: planted incidents come out with their effect on the analysis, small numbers never, and the pairs that went
as designed are scored beside all of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from readiness_company import config

from pilot_pipeline.closeout.exposure import ExposureInputs, incidents, spill_over_slope
from pilot_pipeline.closeout.per_protocol import per_protocol
from pilot_pipeline.kpis.scoring import KpiInputs, score_kpis

PAIRS, TEAMS = 30, 10
PILOTS = [f"p{pair}" for pair in range(PAIRS)]
CONTROLS = [f"c{pair}" for pair in range(PAIRS)]


def members() -> pd.DataFrame:
    pairs = np.arange(PAIRS)
    managers = [f"m{pair % TEAMS}" for pair in pairs]
    arms = [
        pd.DataFrame(
            {"employee_id": ids, "arm": arm, "pair_id": pairs, "cluster": pairs % TEAMS, "manager_id": managers}
        )
        for arm, ids in (("pilot", PILOTS), ("control", CONTROLS))
    ]
    return pd.concat(arms, ignore_index=True).astype({"pair_id": "Int64", "cluster": "Int64"})


def exposure(users: list[str] | None = None, **changes: object) -> ExposureInputs:
    plain = ExposureInputs(
        members=members(),
        users=frozenset([*PILOTS, *(users or [])]),
        moved=frozenset(),
        left=frozenset(),
        trained=frozenset(f"m{team}" for team in range(TEAMS)),
        team_sizes=pd.Series({f"m{team}": 10 + 2 * team for team in range(TEAMS)}),
        saved=pd.Series(dtype=float),
        limit=0.05,
        min_group=5,
    )
    return replace(plain, **changes)


def told(inputs: ExposureInputs) -> dict[tuple[str, str], pd.Series]:
    return {(row["kind"], row["arm"]): row for _, row in incidents(inputs).iterrows()}


def test_each_incident_is_counted_with_its_effect_on_the_analysis() -> None:
    found = told(exposure(CONTROLS[:6], moved=frozenset(PILOTS[:7]), left=frozenset(CONTROLS[:8])))
    use = found["control_use", "control"]
    assert (use["people"], use["of"]) == (6, 30)
    assert use["sentence"].startswith("6 of 30 controls used the tool. They stay controls (intention to treat)")
    assert "above 5% of controls the result is directional" in use["sentence"]
    assert (
        "7 of 30 participants have another manager by now. They are judged under the manager at the lock"
        in (found["moved", "pilot"]["sentence"])
    )
    assert "8 of 30 controls left or withdrew. Their pairs stay" in found["left", "control"]["sentence"]
    assert found["left", "pilot"]["sentence"] == "No participants left or withdrew."
    assert found["spill_over", "control"]["sentence"].startswith("All 30 controls share a manager with participants")


@pytest.mark.parametrize(("people", "words"), [(3, "Fewer than 5 controls used"), (28, "Nearly all controls used")])
def test_a_small_number_or_a_small_rest_is_never_shown(people: int, words: str) -> None:
    use = told(exposure(CONTROLS[:people]))["control_use", "control"]
    assert use["suppressed"] and pd.isna(use["people"]) and pd.isna(use["of"])
    assert use["sentence"].startswith(words) and str(people) not in use["sentence"]


def test_planted_spill_over_comes_out_as_a_slope_and_none_as_nothing() -> None:
    share = {f"m{team}": 3 / (10 + 2 * team) for team in range(TEAMS)}
    rng = np.random.default_rng(1)
    by_control = pd.Series({person: share[f"m{number % TEAMS}"] for number, person in enumerate(CONTROLS)})
    noise = rng.normal(0, 0.2, PAIRS)
    slope = spill_over_slope(exposure(saved=40 * by_control + noise))
    assert slope is not None and slope[1] < 40 < slope[2] and slope[1] > 0
    flat = spill_over_slope(exposure(saved=pd.Series(rng.normal(0, 1, PAIRS), index=CONTROLS)))
    assert flat is not None and flat[1] < 0 < flat[2]
    assert spill_over_slope(exposure(saved=by_control, team_sizes=pd.Series(dict.fromkeys(share, 12)))) is None
    assert spill_over_slope(exposure()) is None


def scores(contaminated: int) -> KpiInputs:
    """Behaviour with an effect of 0.5, which contaminated controls have as well."""
    rng = np.random.default_rng(2)
    ids = [*PILOTS, *CONTROLS]
    start = rng.normal(3, 0.3, 2 * PAIRS)
    gain = np.array([0.5] * PAIRS + [0.5] * contaminated + [0.0] * (PAIRS - contaminated))
    end = start + gain + rng.normal(0, 0.2, 2 * PAIRS)
    behaviour = pd.DataFrame({"employee_id": ids, "start_score": start, "end_score": end, "same_observer": True})
    return KpiInputs(members(), behaviour=behaviour)


def both(contaminated: int) -> pd.DataFrame:
    inputs, settings = scores(contaminated), config()
    results = score_kpis(inputs, settings, "confirmatory")
    table = per_protocol(inputs, exposure(CONTROLS[:contaminated]), results, settings)
    return table[table["kpi"] == "behaviour_change"].set_index("analysis")


def test_per_protocol_leaves_out_contaminated_pairs_and_stands_beside_intention_to_treat() -> None:
    table = both(9)
    assert table["n_pairs"].tolist() == [30, 21]
    assert table.loc["intention to treat", "effect"] == pytest.approx(0.35, abs=0.12)
    assert table.loc["per protocol", "effect"] == pytest.approx(0.5, abs=0.12)
    assert "9 pairs left out" in table.loc["per protocol", "note"]


def test_per_protocol_is_the_same_without_incidents_and_silent_where_it_would_tell_about_few() -> None:
    same = both(0)
    assert same["effect"].nunique() == 1 and "the same figures" in same.loc["per protocol", "note"]
    few = both(3).loc["per protocol"]
    assert few[["effect", "ci_low", "n_pairs"]].isna().all() and "Fewer than 5 pairs" in few["note"]


def test_pairs_break_when_somebody_moves_leaves_or_never_uses_the_tool() -> None:
    inputs, settings = scores(0), config()
    results = score_kpis(inputs, settings, "confirmatory")
    broken = replace(
        exposure(), moved=frozenset(PILOTS[:2]), left=frozenset(CONTROLS[2:4]), users=frozenset(PILOTS[:-2])
    )
    table = per_protocol(inputs, broken, results, settings)
    assert table["n_pairs"].tolist() == [30, 24]
