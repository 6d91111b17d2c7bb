"""One HRIS snapshot as the workforce that cohort, fairness and readiness look at; choosing people is `cohort`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import numpy as np
import pandas as pd

from pilot_pipeline.config.models import PilotConfig
from pilot_pipeline.errors import BadInput
from pilot_pipeline.feeds.canon import CANON

DAYS_PER_YEAR = 365.25
PRESENT = ("active", "leave")


def choose_snapshot(employees: pd.DataFrame, lock_date: date | None) -> date:
    """Return the date of the snapshot that the pilot rests on.

    Locked: the latest `as_of` on or before the lock date. Unlocked: the earliest, so that later snapshots, which
    already know outcomes, never shape the cohort.

    Raises:
        BadInput: there is no snapshot, or every one is younger than the lock.
    """
    days = pd.to_datetime(employees["as_of"]).dropna()
    if days.empty:
        raise BadInput("employees holds no snapshot: no accepted row has an as_of date.")
    if lock_date is None:
        return days.min().date()
    known = days[days <= pd.Timestamp(lock_date)]
    if known.empty:
        raise BadInput(
            f"Every employees snapshot is younger than {lock_date} (the earliest is {days.min().date()}); "
            "add one from on or before that date."
        )
    return known.max().date()


def build_workforce(employees: pd.DataFrame, config: PilotConfig, as_of: date) -> pd.DataFrame:
    """Return everyone who is active or on leave in the latest snapshot on or before `as_of`.

    Args:
        employees: accepted rows of the feed, one or several snapshots; `id_rank` is derived where it is absent.
        config: for `pilot.starts_on` (age) and `cohort.role_families`.
        as_of: the snapshot's date, or the lock date; tenure runs up to it.

    Returns:
        One row per employee_id, in the order of `id_rank`: the feed's columns plus manager_of_manager (text, nullable),
        tenure_years (float, years of 365.25 days), age_band ('30-39' at `starts_on`, nullable), role_family (text,
        nullable) and id_rank (int64).

    Raises:
        BadInput: no snapshot, an employee twice in it, or a role in two families.
    """
    snapshot = pd.Timestamp(choose_snapshot(employees, as_of))
    rows = _complete(employees.loc[pd.to_datetime(employees["as_of"]) == snapshot])
    repeated = int(rows["employee_id"].duplicated().sum())
    if repeated:
        raise BadInput(f"employees: {repeated} rows of the snapshot of {snapshot.date()} repeat an employee_id.")
    if "id_rank" not in rows:
        rows["id_rank"] = rows["employee_id"].rank(method="first").astype("int64")
    managers = rows.set_index("employee_id")["manager_id"]
    rows["manager_of_manager"] = _text(rows["manager_id"].map(managers))
    rows["tenure_years"] = (pd.Timestamp(as_of) - pd.to_datetime(rows["hired_on"])).dt.days / DAYS_PER_YEAR
    rows["age_band"] = age_bands(rows["birth_year"], config.pilot.starts_on)
    rows["role_family"] = _text(rows["role"].map(family_of_role(config.cohort.role_families)))
    present = rows[rows["employment_status"].isin(PRESENT)]
    return present.sort_values("id_rank", kind="stable").reset_index(drop=True)


def _complete(rows: pd.DataFrame) -> pd.DataFrame:
    """Add the nullable columns that a company does not deliver, empty: the rest of the code meets one shape."""
    empty = {"text": "str", "integer": "Int64", "number": "float64", "date": "datetime64[us]"}
    absent = {c.name: c for c in CANON["employees"].columns if c.nullable and c.name not in rows}
    return rows.assign(
        **{name: pd.Series(index=rows.index, dtype=empty[column.type]) for name, column in absent.items()}
    )


def age_bands(birth_year: pd.Series, starts_on: date) -> pd.Series:
    """Return decades of age in the year of the start ('20-29', …); missing where the birth year is missing."""
    decade = (starts_on.year - birth_year.astype("Float64")) // 10 * 10
    first = decade.astype("Int64")
    return _text((first.astype("string") + "-" + (first + 9).astype("string")).astype(object))


def family_of_role(families: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """Return role → family.

    Raises:
        BadInput: a role stands in two families, so that it is unclear whom it may be paired with.
    """
    found: dict[str, str] = {}
    for family, roles in families.items():
        for role in roles:
            if found.setdefault(role, family) != family:
                raise BadInput(f"cohort.role_families: the role {role} stands in both {found[role]} and {family}.")
    return found


def numbers(values: pd.Series) -> np.ndarray:
    """Return a column as float64, NaN where missing, whatever nullable type it came in."""
    return np.asarray(pd.to_numeric(values).astype("Float64").to_numpy(dtype="float64", na_value=np.nan))


def _text(values: pd.Series) -> pd.Series:
    return values.where(values.notna(), None).astype("str")
