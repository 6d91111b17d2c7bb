"""Claims about who is told of what: one alert per failed run, worded by what failed, with no person in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest
from local_sinks import Sinks, local_sinks

from assets.alerting import tell_failures
from assets.stage import in_sentences
from pilot_pipeline.config import Home, Pilot, parse_config
from pilot_pipeline.errors import BadInput
from pilot_pipeline.privacy.pseudonyms import update_identities
from pilot_pipeline.simulation.template import example_config

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning")
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
LEAK = "Zebulon Quackenbush (zebulon.quackenbush@northwind.example, E54321)"


@pytest.fixture
def sinks() -> Iterator[Sinks]:
    with local_sinks() as found:
        yield found


@pytest.fixture
def pilot(tmp_path: Path, sinks: Sinks) -> Pilot:
    settings = {**example_config(), "alerts": sinks.settings}
    made = Pilot(parse_config(settings, {"PILOT_PSEUDONYM_KEY": "a key for tests only"}, "here"), Home(tmp_path))
    people = [("p_1", "email", "zebulon.quackenbush@northwind.example"), ("p_1", "person", "E54321")]
    update_identities(made.home.identities, pd.DataFrame(people, columns=["pseudonym", "kind", "identifier"]))
    return made


def told(pilot: Pilot, *parts: dg.AssetsDefinition | dg.AssetChecksDefinition) -> dg.SkipReason | None:
    """Materialise assets with their checks in a run that fails, and let the sensor see it."""
    with dg.DagsterInstance.ephemeral() as instance:
        done = dg.materialize([*parts], instance=instance, raise_on_error=False, run_config=QUIET)
        assert not done.success
        (failure,) = (event for event in done.all_events if event.event_type == dg.DagsterEventType.RUN_FAILURE)
        context = dg.build_run_status_sensor_context("tell_failures", failure, instance, done.dagster_run)
        return tell_failures(pilot)(context.for_run_failure())


@dg.asset
def employees() -> dg.MaterializeResult:
    return dg.MaterializeResult()


@dg.asset_check(asset="employees", name="hris_feed", blocking=True)
def hris_feed() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=False, description=f"Two people lead each other, one is {LEAK}.")


@dg.asset_check(asset="employees", name="a_warning")
def a_warning() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=False, severity=dg.AssetCheckSeverity.WARN, description="Not worth an alert.")


@dg.asset(deps=["employees"])
def downstream() -> None: ...


def test_a_failed_checkpoint_is_one_alert_that_names_it_and_nobody(pilot: Pilot, sinks: Sinks) -> None:
    assert told(pilot, employees, hris_feed, a_warning, downstream) is None
    (post,), (mail,) = sinks.posts, sinks.mails
    assert post["kind"] == "checkpoint_failed" and mail["X-Pilot-Alert"] == "checkpoint_failed"
    assert post["title"] == "AI coaching pilot: hris_feed does not hold"
    assert "Two people lead each other, one is [person removed]" in mail.get_content()
    assert "Not worth an alert" not in sinks.everything
    nobody(sinks)


def test_a_refusal_is_told_as_it_was_worded_and_names_nobody(pilot: Pilot, sinks: Sinks) -> None:
    @dg.asset
    def consents() -> None:
        with in_sentences(pilot, "consents"):
            raise BadInput(f"feeds/consents.csv, row 3: {LEAK} is not a date.")

    told(pilot, consents)
    (post,) = sinks.posts
    assert post["kind"] == "run_failed" and "feeds/consents.csv, row 3" in post["text"]
    nobody(sinks)


def test_of_any_other_exception_only_the_kind_is_told(pilot: Pilot, sinks: Sinks) -> None:
    @dg.asset
    def cohort() -> None:
        raise ValueError(f"could not convert {LEAK}, salary 81000")

    told(pilot, cohort)
    (post,) = sinks.posts
    assert post["sentences"] == ["cohort stopped with a ValueError."]
    assert "81000" not in sinks.everything
    nobody(sinks)


def test_where_no_alert_is_configured_it_says_so(pilot: Pilot, sinks: Sinks) -> None:
    config = pilot.config.model_copy(update={"alerts": type(pilot.config.alerts)()})
    skipped = told(Pilot(config, pilot.home), employees, hris_feed)
    assert skipped is not None and "alerts.webhook" in (skipped.skip_message or "")
    assert not sinks.posts and not sinks.mails


def nobody(sinks: Sinks) -> None:
    said = sinks.everything.casefold()
    assert not [word for word in ("zebulon", "quackenbush", "e54321") if word in said]
