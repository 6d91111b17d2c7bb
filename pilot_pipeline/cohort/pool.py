"""Who takes part and who may serve as a control, by enrolments and consents; pairing them is `matching`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from pilot_pipeline.cohort.ladder import Ints


@dataclass(frozen=True)
class Pool:
    """Positions in the workforce (ascending), those left out with the reason, and what to know about it.

    `given` says whether enrolments named the participants; `both_arms` whether they named controls, too. Without
    enrolments `participants` are the volunteers to choose from.
    """

    participants: Ints
    controls: Ints
    given: bool
    both_arms: bool
    left_out: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...]


def sort_people(workforce: pd.DataFrame, enrolments: pd.DataFrame | None, consents: pd.DataFrame, by: date) -> Pool:
    """Apply the rules of the contract: see "Enrolments" there.

    Controls named in enrolments restrict the pool, also when the participants are still to be proposed; without any it
    is everyone active, not enrolled and without an opt-in. Only what was decided before the end of the day `by` (UTC)
    counts, so that a later withdrawal never changes a cohort. People on leave may take part but are not proposed and
    serve as no controls.
    """
    known = _known(consents, by)
    decision = _decisions(workforce, known)
    ever = workforce["employee_id"].isin(known.loc[known["decision"] == "opted_in", "employee_id"])
    active = (workforce["employment_status"] == "active").to_numpy()
    free = active & ~ever.to_numpy()
    if enrolments is not None and (enrolments["arm"] == "pilot").any():
        return _enrolled(workforce, enrolments, decision, free, by)
    volunteers = active & (decision == "opted_in").to_numpy()
    if enrolments is not None and len(enrolments):
        named = workforce["employee_id"].isin(enrolments["employee_id"]).to_numpy()
        volunteers, free = volunteers & ~named, named & active
    return Pool(np.flatnonzero(volunteers), np.flatnonzero(free), False, False, (), ())


def volunteered(people: pd.DataFrame, consents: pd.DataFrame, by: date) -> pd.Series:
    """Return per person whether their last decision up to the end of the day `by` (UTC) was to opt in."""
    return _decisions(people, _known(consents, by)) == "opted_in"


def _known(consents: pd.DataFrame, by: date) -> pd.DataFrame:
    return consents[pd.to_datetime(consents["decided_at"]) < pd.Timestamp(by) + pd.Timedelta(days=1)]


def _decisions(people: pd.DataFrame, known: pd.DataFrame) -> pd.Series:
    latest = known.sort_values(["employee_id", "decided_at"], kind="stable").groupby("employee_id")["decision"].last()
    return people["employee_id"].map(latest)


def _enrolled(
    workforce: pd.DataFrame, enrolments: pd.DataFrame, decision: pd.Series, free: np.ndarray, by: date
) -> Pool:
    arm = workforce["employee_id"].map(enrolments.set_index("employee_id")["arm"])
    withdrawn_at = pd.to_datetime(enrolments["withdrawn_at"])
    gone = enrolments.loc[withdrawn_at < pd.Timestamp(by) + pd.Timedelta(days=1), "employee_id"]
    pilot = (arm == "pilot").to_numpy()
    withdrawn = workforce["employee_id"].isin(gone).to_numpy() | (decision == "withdrawn").to_numpy()
    declined = (decision == "declined").to_numpy()
    named = (arm == "control").to_numpy()
    active = (workforce["employment_status"] == "active").to_numpy()
    both_arms = bool((enrolments["arm"] == "control").any())
    left_out = [
        *_reasons(workforce, pilot & withdrawn, "Withdrew before the cohort was fixed."),
        *_reasons(workforce, pilot & declined & ~withdrawn, "Enrolled, but declined to take part."),
        *_absent(workforce, enrolments),
    ]
    unasked = pilot & decision.isna().to_numpy()
    warnings = []
    if unasked.any():
        warnings.append(
            f"{int(unasked.sum())} enrolled participants have no opt-in on record; the consent check blocks."
        )
    on_leave = named & ~active
    if on_leave.any():
        warnings.append(f"{int(on_leave.sum())} enrolled controls are on leave and serve as no controls.")
    controls = named & active if both_arms else free & arm.isna().to_numpy()
    participants = np.flatnonzero(pilot & ~withdrawn & ~declined)
    return Pool(participants, np.flatnonzero(controls), True, both_arms, tuple(left_out), tuple(warnings))


def _reasons(workforce: pd.DataFrame, mask: np.ndarray, reason: str) -> list[tuple[str, str]]:
    return [(employee, reason) for employee in workforce.loc[mask, "employee_id"]]


def _absent(workforce: pd.DataFrame, enrolments: pd.DataFrame) -> list[tuple[str, str]]:
    """Enrolled participants that the snapshot does not hold; in the order of the feed."""
    missing = enrolments[(enrolments["arm"] == "pilot") & ~enrolments["employee_id"].isin(workforce["employee_id"])]
    return [(employee, "Neither active nor on leave in the HRIS snapshot.") for employee in missing["employee_id"]]
