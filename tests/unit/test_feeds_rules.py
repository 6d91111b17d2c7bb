"""Contracts across rows: reporting lines that end, roles that the framework knows, observers who manage."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pilot_pipeline.feeds.hierarchy import Hierarchy
from pilot_pipeline.feeds.quarantine import Contract, Finding, conflicting_duplicates, exact_duplicates, split
from pilot_pipeline.feeds.rules import ManagementLine, MappedRoles, References


def people(*pairs: tuple[str, str | None], as_of: str = "2025-12-15") -> pd.DataFrame:
    ids, managers = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    return pd.DataFrame(
        {
            "as_of": pd.to_datetime([as_of] * len(ids)).astype("datetime64[us]"),
            "employee_id": pd.Series(ids, dtype="str"),
            "manager_id": pd.Series(managers, dtype="str"),
        }
    )


def found(contract: Contract, frame: pd.DataFrame) -> list[tuple[int, str]]:
    return sorted((finding.row, finding.rule) for finding in contract.findings(frame))


def test_a_tree_holds():
    assert found(Hierarchy(), people(("a", None), ("b", "a"), ("c", "b"))) == []


def test_a_manager_who_is_no_employee_leaves_an_orphan_and_only_one():
    frame = people(("a", "Board of Directors"), ("b", "a"), ("c", "b"))
    assert found(Hierarchy(), frame) == [(0, "orphan")]


def test_a_person_cannot_manage_themselves():
    assert found(Hierarchy(), people(("a", "a"), ("b", "a"))) == [(0, "self_manager")]


@pytest.mark.parametrize("length", [2, 3, 50])
def test_every_member_of_a_cycle_is_named_and_nobody_below_it(length):
    ring = [(f"r{i}", f"r{(i + 1) % length}") for i in range(length)]
    frame = people(("top", None), *ring, ("report", "r0"), ("other", "top"))
    findings = Hierarchy().findings(frame)
    assert sorted(f.row for f in findings) == list(range(1, length + 1))
    assert {f.reason for f in findings} == {f"The person is part of a reporting cycle of {length} people."}


def test_two_cycles_are_told_apart():
    frame = people(("a", "b"), ("b", "a"), ("c", "d"), ("d", "e"), ("e", "c"))
    reasons = [finding.reason for finding in Hierarchy().findings(frame)]
    assert [reason.split()[-2] for reason in reasons] == ["2", "2", "3", "3", "3"]


def test_snapshots_are_judged_each_by_itself():
    first = people(("a", None), ("b", "a"))
    later = people(("b", "a"), as_of="2026-01-15")
    assert found(Hierarchy(), pd.concat([first, later], ignore_index=True)) == [(2, "orphan")]


@given(st.lists(st.tuples(st.integers(0, 7), st.none() | st.integers(0, 9)), max_size=12))
@settings(max_examples=80, deadline=None)
def test_hierarchy_agrees_with_walking_every_line(edges):
    unique = dict(edges)
    frame = people(*((f"p{a}", None if b is None else f"p{b}") for a, b in unique.items()))
    expected = set()
    for row, (person, manager) in enumerate(unique.items()):
        if manager is None:
            continue
        seen, at = set(), manager
        while at in unique and at not in seen and at != person:
            seen.add(at)
            at = unique[at]
        if manager == person:
            expected.add((row, "self_manager"))
        elif manager not in unique:
            expected.add((row, "orphan"))
        elif at == person:
            expected.add((row, "cycle"))
    assert set(found(Hierarchy(), frame)) == expected


def test_a_role_without_competency_is_named():
    frame = pd.DataFrame({"role": pd.Series(["Engineer", "Wizard", None], dtype="str")})
    assert found(MappedRoles(frozenset({"Engineer"})), frame) == [(1, "unmapped_role")]


def test_a_reference_to_nobody_is_an_orphan():
    frame = pd.DataFrame({"employee_id": pd.Series(["a", "x", None], dtype="str")})
    assert found(References("employee_id", {"a"}, "employees"), frame) == [(1, "orphan")]


def observations(*rows: tuple[str, str, str]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["employee_id", "observer_id", "observed_on"], dtype="str")
    return frame.assign(observed_on=pd.to_datetime(frame["observed_on"]).astype("datetime64[us]"))


COMPANY = people(("top", None), ("boss", "top"), ("lead", "boss"), ("ann", "lead"), ("bob", "lead"))


@pytest.mark.parametrize("observer", ["lead", "boss", "top"])
def test_anyone_up_the_line_may_observe(observer):
    assert found(ManagementLine(COMPANY), observations(("ann", observer, "2026-01-05"))) == []


@pytest.mark.parametrize(
    ("employee", "observer", "rule"),
    [
        ("ann", "ann", "observer"),
        ("ann", "bob", "observer"),
        ("lead", "ann", "observer"),
        ("ann", "stranger", "observer"),
        ("top", "boss", "observer"),
        ("stranger", "boss", "orphan"),
    ],
    ids=["oneself", "a peer", "a report", "a stranger", "nobody above", "unknown person"],
)
def test_nobody_else_may(employee, observer, rule):
    assert found(ManagementLine(COMPANY), observations((employee, observer, "2026-01-05"))) == [(0, rule)]


def test_the_line_is_the_one_of_the_day():
    later = people(("top", None), ("lead", "top"), ("ann", "lead"), as_of="2026-02-01")
    line = ManagementLine(pd.concat([COMPANY, later], ignore_index=True))
    rows = observations(("ann", "boss", "2025-11-01"), ("ann", "boss", "2026-01-31"), ("ann", "boss", "2026-02-01"))
    assert found(line, rows) == [(2, "observer")]


def test_a_cycle_in_the_line_ends_the_walk():
    ring = people(("a", "b"), ("b", "a"))
    assert found(ManagementLine(ring), observations(("a", "c", "2026-01-05"))) == [(0, "observer")]


def test_without_any_employee_no_observation_can_be_confirmed():
    assert found(ManagementLine(COMPANY.iloc[:0]), observations(("ann", "lead", "2026-01-05"))) == [(0, "orphan")]


def test_of_exact_copies_the_first_is_kept_and_of_contradictions_none():
    frame = pd.DataFrame(
        {"k": ["a", "a", "b", "b", "c", None, None, "d", "d", "d"], "v": [1, 1, 1, 2, 1, 1, 1, 5, 5, 6]}
    )
    assert frame.index[exact_duplicates(frame, ["k"])].tolist() == [1, 8]
    assert frame.index[conflicting_duplicates(frame, ["k"])].tolist() == [2, 3, 7, 8, 9]


def test_a_split_loses_no_row():
    frame = pd.DataFrame({"v": [1, 2, 3]}, index=[5, 6, 7])
    parts = split(frame, [Finding(6, "v", "range", "."), Finding(6, "v", "type", ".")])
    assert parts.accepted.index.tolist() == [5, 7]
    assert parts.quarantined.index.tolist() == [6]
