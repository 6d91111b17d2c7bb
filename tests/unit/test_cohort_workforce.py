"""One snapshot becomes the workforce: the right rows, tenure, age, managers above managers, families."""

from __future__ import annotations

from datetime import date

import cohort_company as company
import pandas as pd
import pytest

from pilot_pipeline.cohort.workforce import age_bands, build_workforce, choose_snapshot
from pilot_pipeline.errors import BadInput


def snapshots(*days: str) -> pd.DataFrame:
    return pd.DataFrame({"as_of": pd.to_datetime(list(days))})


def test_a_locked_pilot_rests_on_the_latest_snapshot_by_the_lock_and_an_unlocked_one_on_the_earliest() -> None:
    frame = snapshots("2025-12-15", "2025-12-22", "2026-01-31")
    assert choose_snapshot(frame, date(2025, 12, 22)) == date(2025, 12, 22)
    assert choose_snapshot(frame, date(2025, 12, 21)) == date(2025, 12, 15)
    assert choose_snapshot(frame, None) == date(2025, 12, 15)


def test_without_a_snapshot_by_the_lock_it_is_refused() -> None:
    with pytest.raises(BadInput, match=r"younger than 2025-12-01 \(the earliest is 2025-12-15\)"):
        choose_snapshot(snapshots("2025-12-15"), date(2025, 12, 1))
    with pytest.raises(BadInput, match="no snapshot"):
        choose_snapshot(snapshots(), None)


def test_only_people_who_are_there_are_the_workforce_but_an_absent_manager_still_has_a_manager() -> None:
    frame = company.employees(managers=2, team=3)
    manager = frame.loc[frame["role"] == "Manager", "employee_id"].iloc[0]
    frame.loc[frame["employee_id"] == manager, "employment_status"] = "terminated"
    frame.loc[frame["role"] == "Director", "employment_status"] = "leave"
    built = build_workforce(frame, company.config(), company.SNAPSHOT)
    assert manager not in set(built["employee_id"])
    assert (built["role"] == "Director").any()
    reports = built[built["manager_id"] == manager]
    director = frame.loc[frame["employee_id"] == manager, "manager_id"].iloc[0]
    assert len(reports) == 3 and set(reports["manager_of_manager"]) == {director}
    assert built.loc[built["role"] == "Head", "manager_of_manager"].isna().all()


def test_tenure_runs_to_the_given_day_and_rows_come_from_the_snapshot_before_it() -> None:
    frame = company.employees(managers=1, team=3)
    later = frame.assign(as_of=pd.Timestamp("2026-01-31"), role="Later")
    built = build_workforce(pd.concat([frame, later]), company.config(), date(2025, 12, 22))
    assert "Later" not in set(built["role"])
    expected = (pd.Timestamp("2025-12-22") - built["hired_on"]).dt.days / 365.25
    pd.testing.assert_series_equal(built["tenure_years"], expected, check_names=False)


def test_age_is_in_decades_at_the_start_and_missing_stays_missing() -> None:
    bands = age_bands(pd.Series([1996, 1997, 1986, None], dtype="Int64"), date(2026, 1, 5))
    assert bands[:3].tolist() == ["30-39", "20-29", "40-49"] and bands.isna()[3]


def test_role_families_come_from_the_configuration_and_a_role_in_two_is_refused() -> None:
    frame = company.employees(managers=1, team=3)
    built = build_workforce(frame, company.config(role_families={"technical": ["Engineer"]}), company.SNAPSHOT)
    assert built.loc[built["role"] == "Engineer", "role_family"].eq("technical").all()
    assert built.loc[built["role"] != "Engineer", "role_family"].isna().all()
    with pytest.raises(BadInput, match="Engineer stands in both a and b"):
        build_workforce(frame, company.config(role_families={"a": ["Engineer"], "b": ["Engineer"]}), company.SNAPSHOT)


def test_columns_that_a_company_does_not_deliver_are_there_and_empty() -> None:
    frame = company.employees(managers=1, team=3).drop(columns=["business_unit", "birth_year", "gender", "id_rank"])
    built = build_workforce(frame, company.config(), company.SNAPSHOT)
    assert built[["business_unit", "birth_year", "gender", "age_band", "promoted_on"]].isna().all(axis=None)
    assert built["id_rank"].is_unique and built["employee_id"].is_monotonic_increasing


def test_a_person_twice_in_a_snapshot_is_refused_without_naming_them() -> None:
    frame = company.employees(managers=1, team=3)
    with pytest.raises(BadInput, match="1 rows of the snapshot of 2025-12-15 repeat an employee_id") as refusal:
        build_workforce(pd.concat([frame, frame.head(1)]), company.config(), company.SNAPSHOT)
    assert frame["employee_id"].iloc[0] not in str(refusal.value)
