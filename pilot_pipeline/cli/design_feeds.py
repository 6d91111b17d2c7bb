"""Reads the feeds that a design follows from, through the same door as a run, and leaves no trace of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import pandas as pd

from pilot_pipeline.config import Pilot
from pilot_pipeline.errors import BadInput

if TYPE_CHECKING:
    from pilot_pipeline.feeds.intake import Intake
    from pilot_pipeline.feeds.quarantine import Contract


@dataclass(frozen=True)
class Feeds:
    """What a design follows from, as it stands in the feeds now; `identities` lead from pseudonyms to ids."""

    workforce: pd.DataFrame
    consents: pd.DataFrame
    enrolments: pd.DataFrame | None
    identities: pd.DataFrame


def read_design_feeds(pilot: Pilot) -> Feeds:
    """Take in employees, consents, enrolments, and competencies for the roles that they name.

    Raises:
        BadInput: a file or its mapping cannot be used, or no snapshot is old enough.
    """
    from checks.contracts import contracts_of_people
    from pilot_pipeline.cohort.workforce import build_workforce
    from pilot_pipeline.registration.design import judged_snapshot

    framework = _take(pilot, "competencies")
    roles = framework.frame["roles"] if framework else pd.Series(dtype="str")
    employees = _take(pilot, "employees", contracts=contracts_of_people(roles))
    assert employees  # it is required in pilot.yaml, as consents are
    consents, enrolments = (_take(pilot, name, directory=employees.frame) for name in ("consents", "enrolments"))
    assert consents
    snapshot = judged_snapshot(employees.frame, pilot)
    return Feeds(
        workforce=build_workforce(employees.frame, pilot.config, snapshot),
        consents=consents.frame,
        enrolments=enrolments.frame if enrolments else None,
        identities=employees.identities,
    )


def baseline_spreads(pilot: Pilot, members: pd.DataFrame) -> dict[str, float]:
    """Return the SD of the pairs' differences before the pilot, by effect KPI, of those that were measured already."""
    from pilot_pipeline.cohort.baseline import metric_sds, start_score_sd

    observed, measured = _before(pilot, "manager_observations"), _before(pilot, "measurements")
    spread = None if observed is None else start_score_sd(members, observed.frame)
    spreads = {} if spread is None else {"behaviour_change": spread}
    return spreads if measured is None else {**spreads, **metric_sds(members, measured.frame, pilot.config)}


def _before(pilot: Pilot, feed: str) -> Intake | None:
    """Take in a feed's rows from before the pilot; None where it is not configured or its file is still to come."""
    try:
        return _take(pilot, feed, before=pilot.config.pilot.starts_on)
    except BadInput:
        return None


def _take(
    pilot: Pilot,
    name: str,
    *,
    contracts: list[Contract] | None = None,
    before: date | None = None,
    directory: pd.DataFrame | None = None,
) -> Intake | None:
    from checks.contracts import contract_for
    from pilot_pipeline.feeds.canon import CANON
    from pilot_pipeline.feeds.intake import take_in
    from pilot_pipeline.privacy.pseudonyms import Pseudonyms

    config = pilot.config
    source = config.feeds.get(name)
    if source is None:
        return None
    key = Pseudonyms(config.privacy.pseudonym_key)
    rules = contracts or [contract_for(name)]
    zone = config.pilot.zone
    return take_in(CANON[name], source, pilot.home.root, rules, key, zone, before=before, directory=directory)
