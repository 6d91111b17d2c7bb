"""A further KPI is declared in pilot.yaml alone: what is refused, what is understood, and that the lock freezes it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pandas as pd
import pytest
from kpis_planted import FEEDS, planted_config

from pilot_pipeline.config import PilotConfig
from pilot_pipeline.config.kpi_catalogue import KPI_CATALOGUE
from pilot_pipeline.errors import BadInput
from pilot_pipeline.feeds.quarantine import Finding
from pilot_pipeline.feeds.rules import DeclaredMetrics
from pilot_pipeline.readiness.measurability import check_measurability, measurability
from pilot_pipeline.registration.lock import Lock, build_lock

MEASURED = {**FEEDS, "measurements": {"source": "feeds/measurements.csv"}}
CALLS: dict[str, Any] = {
    "name": "calls_reviewed",
    "unit": "calls per week",
    "kind": "effect",
    "target": 1.5,
    "estimator": "ancova",
}
REACHED = {**CALLS, "name": "regular", "kind": "threshold", "estimator": "share", "target": 0.6, "reached": 3}


def declared(*kpis: dict[str, Any], feeds: dict[str, Any] = MEASURED) -> PilotConfig:
    return planted_config(kpis={"further": list(kpis)}, feeds=feeds)


def test_what_is_left_out_follows_from_the_name() -> None:
    told = declared(CALLS).kpis.catalogue["calls_reviewed"]
    assert (told.label, told.metric, told.direction, told.sign) == ("Calls reviewed", "calls_reviewed", "more", 1.0)
    assert told.meaning == "calls per week, pilot minus control"
    assert (told.unit, told.kind, told.feeds, told.baseline) == ("calls per week", "effect", ("measurements",), True)


def test_a_share_is_shown_as_one_and_says_who_counts() -> None:
    told = declared({**REACHED, "direction": "less", "metric": "complaints"}).kpis.catalogue["regular"]
    assert (told.unit, told.weekly, told.metric) == ("share", "share", "complaints")
    assert told.meaning == "share of people with at most 3 calls per week"
    assert (told.sign, told.result_sign) == (-1.0, 1.0)  # of a share of people more is better


def test_further_kpis_stand_behind_the_five_in_their_own_order() -> None:
    config = declared(REACHED, CALLS)
    assert list(config.kpis.catalogue) == [*KPI_CATALOGUE, "regular", "calls_reviewed"]
    assert config.kpis.required_effects == ("behaviour_change", "prep_time_reduction")
    assert declared({**CALLS, "required": True}).kpis.required_effects[-1] == "calls_reviewed"


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"name": "pulse"}, "kpis.further.pulse: this name is one of the five KPIs"),
        ({"name": "attrition"}, "kpis.further.attrition: this name is taken by a row of pilot power"),
        ({"name": "Calls"}, "kpis.further.0.name: 'Calls' is not a key: small letters, digits and _"),
        ({"unit": "calls\nper week"}, "kpis.further.0.unit: 'calls\\nper week' must be one line of text"),
        ({"label": "Adoption"}, "kpis.further.calls_reviewed.label is what kpis.adoption is called already"),
        ({"estimator": "mean"}, "kpis.further.calls_reviewed.estimator is mean, but of kind effect it is ancova or"),
        ({"kind": "threshold"}, "kpis.further.calls_reviewed.estimator is ancova, but of kind threshold it is mean or"),
        ({"target": 0}, "kpis.further.calls_reviewed.target is 0, but an effect's target says how much better"),
        ({"target": -1.5, "direction": "less"}, "kpis.further.calls_reviewed.target is -1.5, but an effect's target"),
        ({"reached": 3}, "kpis.further.calls_reviewed.reached goes with estimator share only, and estimator is ancova"),
        ({"estimator": "median"}, "kpis.further.0.estimator must be 'ancova', 'difference', 'mean' or 'share'"),
        ({"direction": "up"}, "kpis.further.0.direction must be 'more' or 'less'"),
        ({"lable": "Calls"}, "kpis.further.0.lable is not a key of pilot.yaml. Did you mean 'label'?"),
        ({"target": "many"}, "kpis.further.0.target must be a number"),
    ],
)
def test_an_unusable_declaration_gets_a_sentence_that_names_its_key(changed: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadInput) as refused:
        declared({**CALLS, **changed})
    assert str(refused.value).startswith(f"pilot.yaml: {sentence}")


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"reached": None}, "kpis.further.regular.reached is missing: estimator share counts the people"),
        ({"target": 60}, "kpis.further.regular.target is 60, but a share of people lies above 0 and is at most 1"),
        ({"required": True}, "kpis.further.regular.required is true, but only an effect can be required"),
    ],
)
def test_so_does_an_unusable_threshold(changed: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadInput) as refused:
        declared({**REACHED, **changed})
    assert str(refused.value).startswith(f"pilot.yaml: {sentence}")


def test_a_name_twice_and_a_feed_that_is_not_there_are_refused() -> None:
    with pytest.raises(BadInput, match=r"kpis\.further\.calls_reviewed is declared twice"):
        declared(CALLS, CALLS)
    with pytest.raises(BadInput, match=r"made of the feed measurements, but feeds\.measurements is not configured"):
        declared(CALLS, feeds=FEEDS)


def test_several_faults_are_all_told() -> None:
    with pytest.raises(BadInput) as refused:
        declared({**CALLS, "target": 0}, {**REACHED, "required": True}, feeds=FEEDS)
    for key in ("calls_reviewed.target", "regular.required", "feeds.measurements"):
        assert key in str(refused.value)


def test_a_metric_that_no_kpi_is_made_of_is_set_aside() -> None:
    rows = pd.DataFrame({"metric": ["calls_reviewed", "calls_revewed", None]})
    assert DeclaredMetrics(declared(CALLS).kpis.metrics).findings(rows) == [
        Finding(1, "metric", "undeclared_metric", "No KPI under kpis.further is made of this metric.")
    ]


def locked(config: PilotConfig) -> Lock:
    day = date(2025, 12, 22)
    members = pd.DataFrame({"employee_id": ["p_1"], "arm": ["pilot"]})
    return Lock(build_lock(config, members, "hash", day, day, datetime(2025, 12, 22), None, today=day), "sha")


def test_the_lock_freezes_a_further_kpi_as_any_other() -> None:
    lock = locked(declared(CALLS, REACHED))
    assert lock.deviations(declared(REACHED, CALLS)) == ()  # their order decides nothing
    assert lock.deviations(declared({**CALLS, "target": 1.0, "required": True}, REACHED)) == (
        "kpis.further.calls_reviewed.required was locked at false and is now true.",
        "kpis.further.calls_reviewed.target was locked at 1.5 and is now 1.0.",
    )
    assert lock.deviations(declared(REACHED)) == ("kpis.further.calls_reviewed was locked and is declared no more.",)


def test_one_that_comes_after_the_lock_is_a_deviation_and_none_leaves_the_lock_as_it_was() -> None:
    without = locked(planted_config())
    assert "further" not in without.data["settings"]["kpis"]
    assert without.deviations(declared(CALLS)) == ("kpis.further.calls_reviewed was not locked and is declared now.",)


def test_what_cannot_be_measured_before_launch_is_named_by_feed_and_metric() -> None:
    config = declared(CALLS, REACHED, {**CALLS, "name": "talk_time"})
    feeds: dict[str, int | None] = {feed: 9 for kpi in config.kpis.catalogue.values() for feed in kpi.feeds}
    table = measurability(config, feeds, {"calls_reviewed": 4}).set_index("kpi")
    assert table.loc[["calls_reviewed", "regular"], "measurable"].all()
    assert table.loc["talk_time", "reason"] == (
        "talk_time in measurements is without a baseline row before the pilot starts."
    )
    gone = measurability(config, {**feeds, "measurements": None}).set_index("kpi")
    assert not gone.loc[["calls_reviewed", "regular", "talk_time"], "measurable"].any()
    told = {item.name: item for item in check_measurability(table.reset_index())}
    assert told["talk_time_measurable"].detail.endswith("Nothing among today's feeds could replace it.")
