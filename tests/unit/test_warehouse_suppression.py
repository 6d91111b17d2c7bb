"""What is suppressed cannot be had by subtraction: claims with examples, and an exhaustive linear attacker."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pilot_pipeline.errors import BadInput
from pilot_pipeline.privacy.differencing import exposures
from pilot_pipeline.privacy.suppression import suppress_groups, suppress_hierarchy
from pilot_pipeline.warehouse.connection import open_warehouse
from pilot_pipeline.warehouse.models import load_models, run_model

MINIMUM = 5


def groups(*sizes: int | None, parent: str = "a") -> pd.DataFrame:
    share = [None if size is None else 0.5 for size in sizes]
    return pd.DataFrame({"parent": parent, "n": pd.array(sizes, dtype="Int64"), "share": share})


def hidden_sizes(frame: pd.DataFrame, n_column: str = "n") -> list[int]:
    out = suppress_groups(frame, n_column, ["parent"], ["share"], MINIMUM)
    return frame.loc[out["suppressed"], n_column].tolist()


def tree(managers: dict[tuple[str, str, str], int], unlisted: dict[str, int] | None = None) -> pd.DataFrame:
    """Rows of a hierarchy from (business unit, manager of manager, manager) to people."""
    extra = unlisted or {}
    sizes: dict[tuple[str, str, str | None], int] = {}
    for (unit, upper, manager), n in managers.items():
        for key in (("manager", manager, upper), ("manager_of_manager", upper, unit), ("business_unit", unit, "all")):
            sizes[key] = sizes.get(key, 0) + n
    sizes = {key: n + extra.get(key[1], 0) for key, n in sizes.items()}
    parents = {key[1]: key[2] for key in sizes}
    for name, more in extra.items():
        above = parents.get(name)
        while above in parents:
            sizes = {key: n + more * (key[1] == above) for key, n in sizes.items()}
            above = parents[above]
    total = sum(n for key, n in sizes.items() if key[0] == "business_unit")
    sizes["organisation", "all", None] = total
    rows = [(level, unit, parent, n) for (level, unit, parent), n in sizes.items()]
    return pd.DataFrame(rows, columns=["level", "unit", "parent", "n"])


def shown(frame: pd.DataFrame, minimum: int = MINIMUM) -> set[str]:
    out = suppress_hierarchy(frame, minimum)
    return set(out.loc[~out["suppressed"], "unit"])


class TestOneLevel:
    def test_a_group_below_the_minimum_takes_the_smallest_sibling_with_it(self) -> None:
        assert sorted(hidden_sizes(groups(3, 9, 6, 12))) == [3, 6]

    def test_two_small_groups_that_hide_each_other_need_no_third(self) -> None:
        assert sorted(hidden_sizes(groups(3, 2, 9, 12))) == [2, 3]

    def test_two_small_groups_whose_sum_is_still_small_need_a_third(self) -> None:
        assert sorted(hidden_sizes(groups(1, 2, 9, 12))) == [1, 2, 9]

    def test_nothing_small_nothing_hidden(self) -> None:
        assert hidden_sizes(groups(5, 6, 7)) == []

    def test_zero_is_not_a_group_of_people_and_hides_nobody(self) -> None:
        assert sorted(hidden_sizes(groups(0, 3, 8))) == [3, 8]

    def test_a_missing_size_counts_as_nobody(self) -> None:
        assert hidden_sizes(groups(None, 6)) == []

    def test_siblings_are_those_of_the_same_parent(self) -> None:
        frame = pd.concat([groups(3, 9), groups(5, 6, parent="b")], ignore_index=True)
        assert hidden_sizes(frame) == [3, 9]

    def test_measures_and_size_are_emptied_and_the_row_stays(self) -> None:
        frame = groups(3, 9, 6).assign(label=["x", "y", "z"], on_track=[True, False, True])
        out = suppress_groups(frame, "n", ["parent"], ["share", "on_track"], MINIMUM)
        assert out["label"].tolist() == ["x", "y", "z"]
        assert out["suppressed"].tolist() == [True, False, True]
        assert out.loc[out["suppressed"], ["n", "share", "on_track"]].isna().all(axis=None)
        assert out.loc[1, ["n", "share", "on_track"]].tolist() == [9, 0.5, False]
        assert frame["n"].tolist() == [3, 9, 6]

    def test_the_order_of_rows_and_their_labels_are_kept(self) -> None:
        frame = groups(9, 3, 6).set_index(pd.Index([7, 3, 5]))
        assert suppress_groups(frame, "n", ["parent"], [], MINIMUM).index.tolist() == [7, 3, 5]

    def test_a_missing_column_is_named(self) -> None:
        with pytest.raises(BadInput, match="needs the column rate"):
            suppress_groups(groups(3), "n", [], ["rate"], MINIMUM)

    @given(st.lists(st.integers(0, 12), max_size=9), st.integers(3, 8))
    def test_what_is_left_after_subtraction_is_nothing_or_large_and_several(self, sizes: list[int], k: int) -> None:
        frame = pd.DataFrame({"n": pd.array(sizes, dtype="Int64")})
        out = suppress_groups(frame, "n", [], [], k)
        hidden = [n for n, flag in zip(sizes, out["suppressed"], strict=True) if flag]
        assert all(flag for n, flag in zip(sizes, out["suppressed"], strict=True) if 0 < n < k)
        everything = len(hidden) == sum(n > 0 for n in sizes)
        assert not hidden or everything or (len(hidden) >= 2 and sum(hidden) >= k)


class TestHierarchy:
    def test_twenty_people_over_five_managers_leave_no_manager_view(self) -> None:
        frame = tree({("sales", "top", f"m{i}"): 4 for i in range(5)})
        assert shown(frame) == {"top", "sales", "all"}

    def test_large_teams_are_all_shown(self) -> None:
        frame = tree({("sales", "x", "m1"): 6, ("sales", "x", "m2"): 7, ("ops", "y", "m3"): 8})
        assert shown(frame) == set(frame["unit"])

    def test_a_small_team_that_is_a_whole_branch_hides_a_branch_beside_it(self) -> None:
        frame = tree({("sales", "x", "m1"): 3, ("ops", "y", "m2"): 8, ("hr", "z", "m3"): 9})
        assert shown(frame) == {"hr", "z", "m3", "all"}

    def test_a_hidden_unit_is_not_the_sum_of_shown_children(self) -> None:
        # ops is emptied to protect sales; its own two managers would add up to it.
        frame = tree({("sales", "x", "m1"): 3, ("ops", "y", "m2"): 6, ("ops", "y", "m3"): 7, ("hr", "z", "m4"): 30})
        assert shown(frame) == {"hr", "z", "m4", "all"}

    def test_people_whom_no_child_lists_are_a_group_too(self) -> None:
        frame = tree({("sales", "x", "m1"): 9, ("sales", "x", "m2"): 8}, unlisted={"x": 2})
        assert shown(frame) == {"all", "sales", "x", "m1"}

    def test_the_same_person_can_be_manager_and_managers_manager(self) -> None:
        frame = tree({("sales", "boss", "boss2"): 3, ("sales", "boss", "m1"): 9, ("sales", "boss", "m2"): 11})
        frame["unit"] = frame["unit"].replace({"boss2": "boss"})
        out = suppress_hierarchy(frame, MINIMUM)
        assert set(zip(out["level"], out["unit"], strict=True)) - set(
            zip(out.loc[~out["suppressed"], "level"], out.loc[~out["suppressed"], "unit"], strict=True)
        ) == {("manager", "boss"), ("manager", "m1")}

    def test_a_unit_without_parent_belongs_to_the_organisation(self) -> None:
        frame = tree({("sales", "x", "m1"): 9, ("ops", "y", "m2"): 9})
        stray = pd.DataFrame([("manager", "m9", None, 3)], columns=list(frame.columns))
        frame.loc[frame["unit"] == "all", "n"] = 21
        out = shown(pd.concat([frame, stray], ignore_index=True))
        assert "m9" not in out
        assert len({"sales", "ops"} & out) == 1

    def test_a_unit_small_in_one_week_is_hidden_in_all(self) -> None:
        first = tree({("s", "x", "m1"): 6, ("s", "x", "m2"): 7, ("s", "x", "m3"): 8}).assign(week_no=1)
        second = tree({("s", "x", "m1"): 4, ("s", "x", "m2"): 9, ("s", "x", "m3"): 8}).assign(week_no=2)
        out = suppress_hierarchy(pd.concat([first, second], ignore_index=True), MINIMUM)
        hidden = out[out["suppressed"]].groupby("week_no")["unit"].agg(set)
        assert hidden.tolist() == [{"m1", "m2"}] * 2

    def test_overlapping_units_are_refused(self) -> None:
        frame = tree({("sales", "x", "m1"): 9})
        frame.loc[frame["unit"] == "x", "n"] = 8
        with pytest.raises(BadInput, match="overlap"):
            suppress_hierarchy(frame, MINIMUM)

    @pytest.mark.parametrize(
        ("column", "value", "sentence"),
        [("level", "squad", "not a level"), ("parent", "nobody", "not in the hierarchy"), ("n", -1, "fewer than 0")],
    )
    def test_what_cannot_be_a_hierarchy_is_refused(self, column: str, value: object, sentence: str) -> None:
        frame = tree({("sales", "x", "m1"): 9})
        frame.loc[0, column] = value
        with pytest.raises(BadInput, match=sentence):
            suppress_hierarchy(frame, MINIMUM)

    def test_a_unit_that_stands_twice_is_refused(self) -> None:
        frame = tree({("sales", "x", "m1"): 9})
        with pytest.raises(BadInput, match="stands twice"):
            suppress_hierarchy(pd.concat([frame, frame.iloc[:1]]), MINIMUM)

    def test_equally_large_units_are_chosen_by_the_tie_break_not_by_their_names(self) -> None:
        frame = tree({("s", "x", "p_1"): 3, ("s", "x", "p_2"): 6, ("s", "x", "p_3"): 6}).assign(rank=[3, 9, 9, 2, 1, 9])
        out = suppress_hierarchy(frame, MINIMUM, tie_break="rank")
        managers = out[out["level"] == "manager"]
        assert managers.loc[managers["suppressed"], "unit"].tolist() == ["p_1", "p_3"]


TREES = st.dictionaries(
    st.tuples(st.sampled_from("ab"), st.sampled_from("cd"), st.sampled_from("xyz")).map(
        lambda path: (path[0], path[0] + path[1], "".join(path))
    ),
    st.integers(0, 9),
    min_size=1,
    max_size=9,
)
UNLISTED = st.dictionaries(st.sampled_from(["a", "b", "ac", "ad", "bc", "bd"]), st.integers(1, 7), max_size=2)


class Attacker:
    """Knows the hierarchy and every shown row; looks for any set of people whose total the rows determine."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self.frame = frame
        kids = frame.groupby("parent")["n"].sum()
        leaves = {u: n for level, u, n in frame[["level", "unit", "n"]].itertuples(index=False) if level == "manager"}
        rest = {f"rest of {u}": n - kids[u] for u, n in zip(frame["unit"], frame["n"], strict=True) if u in kids}
        self.atoms = {atom: n for atom, n in {**leaves, **rest}.items() if n > 0}
        shown_units = frame.loc[~frame["suppressed"], "unit"]
        rows = np.array([self.people(unit) for unit in shown_units]).reshape(len(shown_units), len(self.atoms))
        _, singular, right = np.linalg.svd(rows, full_matrices=True)
        self.null = right[int((singular > 1e-9).sum()) :]

    def people(self, unit: str) -> list[int]:
        inside, grown = {unit}, True
        while grown:
            more = set(self.frame.loc[self.frame["parent"].isin(inside), "unit"]) - inside
            inside, grown = inside | more, bool(more)
        return [int(atom in inside or atom.removeprefix("rest of ") in inside) for atom in self.atoms]

    def knows(self, members: list[int]) -> bool:
        return bool((np.abs(self.null @ np.array(members)) < 1e-9).all())

    def small_sets(self, minimum: int) -> list[tuple[int, ...]]:
        sizes = np.array(list(self.atoms.values()))
        subsets = itertools.product((0, 1), repeat=len(sizes))
        return [s for s in subsets if 0 < np.dot(s, sizes) < minimum and self.knows(list(s))]


@settings(max_examples=120, deadline=None)
@given(TREES, UNLISTED, st.sampled_from([3, 5]))
def test_no_attacker_recovers_a_hidden_unit_or_any_small_set(
    managers: dict[tuple[str, str, str], int], unlisted: dict[str, int], minimum: int
) -> None:
    present = {name for path in managers for name in path}
    frame = tree(managers, {name: n for name, n in unlisted.items() if name in present})
    out = suppress_hierarchy(frame, minimum)
    truth = frame.assign(suppressed=out["suppressed"])
    attacker = Attacker(truth)
    assert attacker.small_sets(minimum) == []
    hidden = truth[truth["suppressed"] & (truth["n"] > 0)]["unit"]
    assert [unit for unit in hidden if attacker.knows(attacker.people(unit))] == []
    assert exposures(truth, minimum) == ()


@settings(max_examples=80, deadline=None)
@given(TREES, st.sets(st.integers(0, 12), max_size=5))
def test_the_built_in_attacker_finds_what_the_exhaustive_one_finds(
    managers: dict[tuple[str, str, str], int], hide: set[int]
) -> None:
    frame = tree(managers)
    frame["suppressed"] = [position in hide for position in range(len(frame))]
    attacker = Attacker(frame)
    hidden = frame[frame["suppressed"] & (frame["n"] > 0)]["unit"]
    recovered = [unit for unit in hidden if attacker.knows(attacker.people(unit))]
    if recovered or attacker.small_sets(MINIMUM):
        assert exposures(frame, MINIMUM)


def test_the_units_of_the_pipeline_nest_and_withstand_subtraction(tmp_path: Path) -> None:
    rng = np.random.default_rng(20260105)
    unit_weeks = load_models()["unit_weeks"]
    with open_warehouse(tmp_path / "var" / "warehouse.duckdb") as warehouse:
        for week in range(1, 6):
            n = int(rng.integers(20, 51))
            people = pd.DataFrame({"employee_id": [f"p_{i}" for i in range(n)], "arm": "pilot"})
            people["manager_id"] = pd.Series(rng.choice(["m1", "m2", "m3", "m4", "m5", "m6", None], n), dtype="str")
            people["manager_of_manager"] = pd.Series(rng.choice(["d1", "d2", "d3", None], n), dtype="str")
            people["business_unit"] = pd.Series(rng.choice(["sales", "ops", None], n), dtype="str")
            counts = people[["employee_id"]].assign(week_no=week, active=True, assigned=2, completed=1)
            warehouse.write("cohort.cohort_members", people)
            warehouse.write("weekly.activity_weeks", counts[["week_no", "employee_id", "active"]])
            warehouse.write("weekly.module_weeks", counts.drop(columns="active"))
            run_model(warehouse, unit_weeks, week)
        units = warehouse.read("weekly.unit_weeks")
    for _, rows in units.groupby("week_no"):
        out = suppress_hierarchy(rows, MINIMUM, ("active",))
        assert exposures(rows.assign(suppressed=out["suppressed"]), MINIMUM) == ()
        assert not out.loc[out["level"] == "organisation", "suppressed"].any()
