"""No verdict of the rule survives a rehearsal as one, and a rehearsal cannot be turned into a pilot afterwards."""

from datetime import date, datetime

import pandas as pd
import pytest
import yaml

from pilot_pipeline.closeout.gate import Verdict
from pilot_pipeline.closeout.rehearsed import NOTICE, as_rehearsal, rehearsal_facts
from pilot_pipeline.config import PilotConfig, parse_config
from pilot_pipeline.config.sourcing import RehearsalSection
from pilot_pipeline.registration.lock import Lock, build_lock
from pilot_pipeline.simulation.company import demonstration_yaml

SECTION = RehearsalSection(people=90, kept=("employee_id", "role"), simulated=("manager_id", "email"))


def _config(rehearsal: RehearsalSection | None) -> PilotConfig:
    settings = yaml.safe_load(demonstration_yaml("# made up", 90, "{}", rollout=90))
    if rehearsal:
        settings["rehearsal"] = rehearsal.model_dump(mode="json")
    return parse_config(settings, {"PILOT_PSEUDONYM_KEY": "long enough to be a key"}, "test")


@pytest.mark.parametrize("decision", ["go", "no_go", "reconfigure"])
def test_whatever_the_rule_says_a_rehearsal_decides_nothing_and_tells_it(decision: str) -> None:
    ruled = Verdict(decision, "confirmatory", ("Because.",), ("If so.",), 3)  # type: ignore[arg-type]
    told = as_rehearsal(ruled, SECTION)
    assert (told.decision, told.label, told.conditions) == ("reconfigure", "directional", ())
    assert told.reasons[0] == NOTICE
    assert f"would have said {decision.replace('_', '-')} (confirmatory)" in told.reasons[1]
    assert told.reasons[2:] == ("Because.", "If so.")


def test_an_unfinished_rehearsal_stays_interim_and_an_ordinary_pilot_stays_as_it_is() -> None:
    running = Verdict("reconfigure", "interim", ("Running.",), step=0)
    assert as_rehearsal(running, SECTION).label == "interim"
    assert as_rehearsal(running, SECTION).reasons == (NOTICE, "Running.")
    assert as_rehearsal(running, None) is running
    assert rehearsal_facts(None) == ()


def test_the_facts_name_what_is_real_and_warn_where_managers_are_not() -> None:
    real, simulated, warning = rehearsal_facts(SECTION)
    assert real == "From the export, 90 people: employee id, role."
    assert simulated.startswith("Simulated: manager id, email; consents, ")
    assert "invented teams" in warning
    assert len(rehearsal_facts(SECTION.model_copy(update={"simulated": ("email",)}))) == 2


def test_taking_the_mark_out_of_pilot_yaml_is_a_deviation_from_the_lock() -> None:
    members = pd.DataFrame({"employee_id": ["p_1"], "arm": ["pilot"]})
    day = date(2025, 12, 22)
    made = build_lock(_config(SECTION), members, "hash", day, day, datetime(2025, 12, 22), None, today=day)
    lock = Lock(made, "sha")
    assert lock.deviations(_config(SECTION)) == ()
    assert any(
        "rehearsal.people was locked at 90 and is now not set" in text for text in lock.deviations(_config(None))
    )
