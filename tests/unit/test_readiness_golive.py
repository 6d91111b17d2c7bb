"""Go-live is stored, re-asserted in later runs, and expires with its evidence."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pilot_pipeline.errors import NotReady
from pilot_pipeline.readiness.evidence import evidence_hash
from pilot_pipeline.readiness.golive import CHECKS_COLUMNS, golive_state, record_checks, require_golive, store_golive
from pilot_pipeline.readiness.results import CHECKPOINTS, CheckResult, Requirement
from pilot_pipeline.warehouse.connection import open_warehouse
from pilot_pipeline.warehouse.tables import TABLES

MONDAY = datetime(2026, 1, 5, 6)
TUESDAY = datetime(2026, 1, 6, 6)
WEDNESDAY = datetime(2026, 1, 7, 6)


class DuckStore:
    """The smallest thing that behaves as the warehouse does."""

    def __init__(self) -> None:
        self.connection = duckdb.connect()
        self.connection.execute("CREATE SCHEMA readiness")

    def exists(self, table: str) -> bool:
        schema, name = table.split(".")
        sql = "SELECT count(*) FROM information_schema.tables WHERE table_schema = ? AND table_name = ?"
        return bool(self.connection.execute(sql, [schema, name]).fetchall()[0][0])

    def read(self, table: str) -> pd.DataFrame:
        return self.connection.sql(f"SELECT * FROM {table}").df()

    def write(self, table: str, frame: pd.DataFrame, *, columns: Mapping[str, str] | None = None) -> None:
        assert columns is not None
        casts = ", ".join(f"CAST({name} AS {kind}) AS {name}" for name, kind in columns.items())
        self.connection.register("incoming", frame)
        self.connection.execute(f"CREATE OR REPLACE TABLE {table} AS SELECT {casts} FROM incoming")


def result(checkpoint: str, passed: bool = True, severity: str = "error", detail: str = "fine.") -> CheckResult:
    return CheckResult(checkpoint, "rows", "sql", passed, severity, 10, 0 if passed else 3, detail)


def hashes(**changes: str) -> dict[str, str]:
    return {name: changes.get(name, f"hash of {name}") for name in CHECKPOINTS}


@pytest.fixture
def ready() -> DuckStore:
    store = DuckStore()
    for name, evidence in hashes().items():
        record_checks(store, [result(name)], evidence, MONDAY)
    store_golive(store, [Requirement("governance", "3 governance", True, "error", "Five answers.")], MONDAY)
    return store


def test_live_data_may_be_processed_when_all_four_checkpoints_hold(ready):
    assert require_golive(ready, hashes()).holds


def test_without_any_check_every_checkpoint_is_missing():
    with pytest.raises(NotReady) as refusal:
        require_golive(DuckStore(), hashes())
    assert all(f"{name} is missing: it was never checked" in str(refusal.value) for name in CHECKPOINTS)


@pytest.mark.parametrize("checkpoint", CHECKPOINTS)
def test_one_failed_checkpoint_blocks_and_is_named(ready, checkpoint):
    record_checks(ready, [result(checkpoint, False, detail="3 of 10 rows failed.")], hashes()[checkpoint], TUESDAY)
    store_golive(ready, [], TUESDAY)
    with pytest.raises(NotReady, match=rf"{checkpoint} failed: 3 of 10 rows failed; |{checkpoint} failed: 3 of 10"):
        require_golive(ready, hashes())
    assert golive_state(ready, hashes()).stale_checkpoints == (checkpoint,)


def test_a_failed_recheck_blocks_even_before_the_record_is_made_again(ready):
    record_checks(ready, [result("pathways", False, detail="A role has no pathway.")], "hash of pathways", TUESDAY)
    with pytest.raises(NotReady, match="pathways failed: A role has no pathway"):
        require_golive(ready, hashes())


def test_a_passed_recheck_on_new_evidence_needs_the_record_to_be_made_again(ready):
    record_checks(ready, [result("pathways")], "new evidence", TUESDAY)
    current = hashes(pathways="new evidence")
    assert golive_state(ready, current).blockers[0].state == "stale"
    store_golive(ready, [], TUESDAY)
    assert golive_state(ready, current).holds


def test_a_warning_never_blocks(ready):
    record_checks(ready, [result("sso_matrix", False, "warn")], hashes()["sso_matrix"], TUESDAY)
    store_golive(ready, [], TUESDAY)
    assert golive_state(ready, hashes()).holds


@pytest.mark.parametrize("checkpoint", CHECKPOINTS)
def test_changed_evidence_makes_a_checkpoint_stale(ready, checkpoint):
    with pytest.raises(NotReady, match=f"{checkpoint} is stale"):
        require_golive(ready, hashes(**{checkpoint: "other rows"}))


def test_evidence_that_nobody_computed_counts_as_stale(ready):
    current = hashes()
    del current["synthetic_audit"]
    with pytest.raises(NotReady, match="synthetic_audit is stale"):
        require_golive(ready, current)


def test_a_failed_requirement_blocks_and_a_failed_warning_does_not(ready):
    owner = Requirement("governance", "3 governance", False, "error", "No data owner is named.")
    late = Requirement("timeline", "1 KPIs", False, "warn", "The lock is later than the configuration.")
    store_golive(ready, [owner, late], TUESDAY)
    assert [item.name for item in golive_state(ready, hashes()).blockers] == ["governance"]
    with pytest.raises(NotReady, match="governance failed: No data owner is named"):
        require_golive(ready, hashes())


def test_checked_at_is_when_the_evidence_was_first_seen(ready):
    def checked_at(evidence: str, now: datetime) -> datetime:
        return record_checks(ready, [result("hris_feed")], evidence, now)["checked_at"].iloc[0].to_pydatetime()

    assert checked_at("hash of hris_feed", TUESDAY) == MONDAY
    assert checked_at("corrected", TUESDAY) == TUESDAY
    assert checked_at("hash of hris_feed", WEDNESDAY) == MONDAY
    assert checked_at("corrected", WEDNESDAY) == TUESDAY


def test_recorded_at_stays_until_the_verdict_or_its_evidence_changes(ready):
    record_checks(ready, [result("hris_feed")], "corrected", TUESDAY)
    governance = Requirement("governance", "3 governance", True, "error", "Five answers.")
    rows = store_golive(ready, [governance], TUESDAY).set_index("requirement")["recorded_at"]
    assert rows["hris_feed"] == TUESDAY
    assert rows["pathways"] == rows["governance"] == MONDAY


def test_a_checkpoint_is_replaced_as_a_whole_and_the_others_stay(ready):
    two = [result("pathways"), CheckResult("pathways", "more", "sql", True, "warn", 1, 0, "")]
    record_checks(ready, two, "x", TUESDAY)
    record_checks(ready, two[1:], "x", TUESDAY)
    rows = ready.read("readiness.checks")
    assert sorted(rows["checkpoint"]) == sorted(CHECKPOINTS)
    assert rows.loc[rows["checkpoint"] == "pathways", "check_name"].tolist() == ["more"]


def test_results_of_no_or_of_two_checkpoints_are_refused(ready):
    with pytest.raises(ValueError, match="one checkpoint"):
        record_checks(ready, [], "x", MONDAY)
    with pytest.raises(ValueError, match="one checkpoint"):
        record_checks(ready, [result("pathways"), result("hris_feed")], "x", MONDAY)


def test_the_hash_ignores_order_and_storage_and_nothing_else():
    rows = pd.DataFrame(
        {
            "id": ["a", "b", None],
            "n": [1, 2, None],
            "on": [date(2026, 1, 5), None, date(2026, 1, 6)],
            "ok": [True, None, False],
        }
    )
    stored = pd.DataFrame(
        {
            "ok": pd.array([False, True, None], dtype="boolean"),
            "on": pd.to_datetime(["2026-01-06", "2026-01-05", None]).astype("datetime64[us]"),
            "n": pd.array([None, 1, 2], dtype="Int64"),
            "id": pd.Series([np.nan, "a", "b"], dtype="str"),
        }
    )
    base = evidence_hash({"f": rows}, {"s": {"a": 1, "b": (1, 2)}})
    assert evidence_hash({"f": stored}, {"s": {"b": [1, 2], "a": 1}}) == base
    different = [
        evidence_hash({"f": rows.iloc[:2]}, {"s": {"a": 1, "b": (1, 2)}}),
        evidence_hash({"f": pd.concat([rows, rows.iloc[:1]])}, {"s": {"a": 1, "b": (1, 2)}}),
        evidence_hash({"f": rows.assign(n=[1, 3, None])}, {"s": {"a": 1, "b": (1, 2)}}),
        evidence_hash({"f": rows}, {"s": {"a": 2, "b": (1, 2)}}),
        evidence_hash({"g": rows}, {"s": {"a": 1, "b": (1, 2)}}),
        evidence_hash({"f": rows.iloc[:0]}, {"s": {"a": 1, "b": (1, 2)}}),
        evidence_hash({"f": None}, {"s": {"a": 1, "b": (1, 2)}}),
    ]
    assert len({base, *different}) == len(different) + 1


def test_the_hash_cannot_be_fooled_by_separators_in_cells():
    one = pd.DataFrame({"a": ["x\x1fsy"], "b": ["z"]})
    two = pd.DataFrame({"a": ["x"], "b": ["y\x1fsz"]})
    text = pd.DataFrame({"a": ["1"]})
    number = pd.DataFrame({"a": [1]})
    assert evidence_hash({"f": one}, {}) != evidence_hash({"f": two}, {})
    mixed, same = pd.DataFrame({"a": [True, 1]}, dtype=object), pd.DataFrame({"a": [True, True]}, dtype=object)
    assert evidence_hash({"f": text}, {}) != evidence_hash({"f": number}, {})
    assert evidence_hash({"f": mixed}, {}) != evidence_hash({"f": same}, {})


def test_the_record_outlives_the_run_in_the_real_warehouse(tmp_path):
    path = tmp_path / "var" / "warehouse.duckdb"
    with open_warehouse(path) as warehouse:
        for name, evidence in hashes().items():
            record_checks(warehouse, [result(name)], evidence, MONDAY)
        store_golive(warehouse, [], MONDAY)
    with open_warehouse(path) as warehouse:
        assert require_golive(warehouse, hashes()).holds
        record_checks(warehouse, [result("sso_matrix", False, detail="A cell failed.")], "changed", TUESDAY)
    with open_warehouse(path) as warehouse, pytest.raises(NotReady, match="sso_matrix failed: A cell failed"):
        require_golive(warehouse, hashes(sso_matrix="changed"))


def test_the_stored_tables_are_those_that_the_warehouse_describes():
    assert TABLES["readiness.checks"].types == CHECKS_COLUMNS


CELLS = st.one_of(st.none(), st.text(max_size=6), st.integers(-3, 3), st.booleans())
ROWS = st.lists(st.tuples(CELLS, st.text(max_size=4), st.none() | st.integers(0, 3)), max_size=6)


def framed(rows: list[tuple[object, ...]]) -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series([row[i] for row in rows], dtype=object) for i, name in enumerate("abc")})


@settings(max_examples=60, deadline=None)
@given(rows=ROWS, order=st.randoms(use_true_random=False))
def test_shuffled_rows_and_columns_hash_the_same(rows, order):
    shuffled, names = [*rows], ["a", "b", "c"]
    order.shuffle(shuffled)
    order.shuffle(names)
    assert evidence_hash({"f": framed(rows)}, {}) == evidence_hash({"f": framed(shuffled)[names]}, {})


@settings(max_examples=60, deadline=None)
@given(one=ROWS, two=ROWS)
def test_different_rows_hash_differently(one, two):
    same = sorted(map(repr, one)) == sorted(map(repr, two))
    assert (evidence_hash({"f": framed(one)}, {}) == evidence_hash({"f": framed(two)}, {})) == same
