"""Every way in which DuckDB's own tools lose rows, tried against the warehouse."""

from __future__ import annotations

import datetime as dt
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pilot_pipeline.errors import BadInput, NotReady
from pilot_pipeline.warehouse.connection import Warehouse, open_warehouse

TYPES = {"week_no": "BIGINT", "arm": "VARCHAR", "active": "BIGINT", "share": "DOUBLE"}
TABLE = "weekly.kpi_weeks"
FIRST, SECOND, THIRD = (dt.datetime(2026, 2, day, 6, tzinfo=dt.UTC) for day in (2, 9, 16))


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[Warehouse]:
    with open_warehouse(tmp_path / "var" / "warehouse.duckdb") as opened:
        yield opened


def week(number: int, pilot: int = 20, control: int = 1) -> pd.DataFrame:
    counts = {"active": [pilot, control], "share": [pilot / 30, control / 30]}
    return pd.DataFrame({"week_no": [number, number], "arm": ["pilot", "control"], **counts})


def active(warehouse: Warehouse, number: int) -> list[int]:
    return warehouse.read(TABLE, number)["active"].tolist()


class TestReplacingAWeek:
    def test_running_a_week_again_replaces_it_and_leaves_the_others(self, warehouse: Warehouse) -> None:
        warehouse.write(TABLE, week(1), 1, TYPES)
        warehouse.write(TABLE, week(2), 2, TYPES)
        warehouse.write(TABLE, week(1, pilot=22), 1, TYPES)
        assert active(warehouse, 1) == [22, 1]
        assert active(warehouse, 2) == [20, 1]
        assert len(warehouse.read(TABLE)) == 4

    def test_reordered_columns_land_where_their_names_say(self, warehouse: Warehouse) -> None:
        warehouse.write(TABLE, week(1), 1, TYPES)
        warehouse.write(TABLE, week(2)[["share", "active", "arm", "week_no"]], 2)
        assert active(warehouse, 2) == [20, 1]
        assert warehouse.read(TABLE, 2)["share"].tolist() == [20 / 30, 1 / 30]

    def test_an_insert_that_fails_leaves_the_old_rows(self, warehouse: Warehouse) -> None:
        warehouse.write(TABLE, week(1), 1, TYPES)
        warehouse.connection.execute("CREATE TABLE weekly.strict (week_no BIGINT, arm VARCHAR CHECK (arm <> 'x'))")
        warehouse.write("weekly.strict", pd.DataFrame({"week_no": [1], "arm": ["pilot"]}), 1)
        with pytest.raises(Exception, match="CHECK"):
            warehouse.write("weekly.strict", pd.DataFrame({"week_no": [1], "arm": ["x"]}), 1)
        assert warehouse.read("weekly.strict")["arm"].tolist() == ["pilot"]
        assert warehouse.weeks("weekly.strict") == (1,)

    def test_an_empty_week_is_recorded_and_deletes_no_other(self, warehouse: Warehouse) -> None:
        warehouse.write(TABLE, week(1), 1, TYPES)
        assert warehouse.write(TABLE, week(2).iloc[:0], 2, TYPES) == 0
        assert active(warehouse, 1) == [20, 1]
        assert warehouse.weeks(TABLE) == (1, 2)

    def test_a_week_that_has_become_empty_loses_its_rows(self, warehouse: Warehouse) -> None:
        warehouse.write(TABLE, week(1), 1, TYPES)
        warehouse.write(TABLE, week(1).iloc[:0], 1, TYPES)
        assert warehouse.read(TABLE).empty
        assert list(warehouse.read(TABLE).columns) == list(TYPES)

    def test_rows_outside_the_week_are_refused_and_nothing_changes(self, warehouse: Warehouse) -> None:
        warehouse.write(TABLE, week(1), 1, TYPES)
        stray = pd.concat([week(1, pilot=29), week(2)])
        with pytest.raises(BadInput, match=r"2 rows lie outside week 1"):
            warehouse.write(TABLE, stray, 1, TYPES)
        assert len(warehouse.read(TABLE)) == 2
        assert active(warehouse, 1) == [20, 1]

    def test_a_row_without_a_week_is_outside_every_week(self, warehouse: Warehouse) -> None:
        stray = week(1).astype({"week_no": "Int64"})
        stray.loc[0, "week_no"] = pd.NA
        with pytest.raises(BadInput, match=r"1 row lie"):
            warehouse.write(TABLE, stray, 1, TYPES)

    def test_weeks_come_back_in_order_whatever_the_order_of_writing(self, warehouse: Warehouse) -> None:
        for number in (3, 1, 2):
            warehouse.write(TABLE, week(number), number, TYPES)
        assert warehouse.read(TABLE)["week_no"].tolist() == [1, 1, 2, 2, 3, 3]


class TestColumnsAndTypes:
    def test_missing_and_extra_columns_are_named(self, warehouse: Warehouse) -> None:
        with pytest.raises(BadInput, match=r"weekly\.kpi_weeks: .*missing share; not expected shre"):
            warehouse.write(TABLE, week(1).rename(columns={"share": "shre"}), 1, TYPES)

    def test_a_value_that_would_be_rounded_is_refused_without_being_quoted(self, warehouse: Warehouse) -> None:
        with pytest.raises(BadInput, match=r"1 value of column active cannot be stored as BIGINT") as refusal:
            warehouse.write(TABLE, week(1).assign(active=[20.5, 1.0]), 1, TYPES)
        assert "20.5" not in str(refusal.value)

    def test_a_timestamp_does_not_lose_its_hour_to_a_date_column(self, warehouse: Warehouse) -> None:
        frame = pd.DataFrame({"hired_on": pd.to_datetime(["2020-01-01 00:00", "2020-01-01 08:00"])})
        with pytest.raises(BadInput, match="cannot be stored as DATE"):
            warehouse.write("feeds.x", frame, columns={"hired_on": "DATE"})
        warehouse.write("feeds.x", frame.iloc[:1], columns={"hired_on": "DATE"})
        assert warehouse.columns("feeds.x") == {"hired_on": "DATE"}

    @pytest.mark.parametrize(("value", "kind"), [(7, "BOOLEAN"), (2**53 + 1, "DOUBLE"), ("1.5", "BIGINT")])
    def test_no_cast_changes_a_value(self, warehouse: Warehouse, value: object, kind: str) -> None:
        with pytest.raises(BadInput, match=f"cannot be stored as {kind} without changing"):
            warehouse.write("feeds.x", pd.DataFrame({"a": [value]}), columns={"a": kind})

    def test_text_that_is_no_number_is_refused_without_being_quoted(self, warehouse: Warehouse) -> None:
        with pytest.raises(BadInput) as refusal:
            warehouse.write("feeds.x", pd.DataFrame({"score": ["4", "Jane Doe"]}), columns={"score": "DOUBLE"})
        assert "Jane" not in str(refusal.value)

    def test_numbers_never_become_text_silently(self, warehouse: Warehouse) -> None:
        warehouse.write("feeds.x", pd.DataFrame({"id": ["007"]}))
        with pytest.raises(BadInput, match="arrive as BIGINT"):
            warehouse.write("feeds.x", pd.DataFrame({"id": [7]}), columns={"id": "VARCHAR"})
        assert warehouse.read("feeds.x")["id"].tolist() == ["007"]

    def test_a_column_of_mixed_kinds_is_refused(self, warehouse: Warehouse) -> None:
        with pytest.raises(BadInput, match=r"feeds\.x\.a mixes kinds"):
            warehouse.write("feeds.x", pd.DataFrame({"a": ["text", 3]}))

    def test_one_name_for_two_columns_is_refused(self, warehouse: Warehouse) -> None:
        with pytest.raises(BadInput, match="occurs twice"):
            warehouse.write("feeds.x", pd.DataFrame([[1, 2]], columns=["a", "a"]))

    def test_a_week_of_another_type_than_the_stored_weeks_is_refused(self, warehouse: Warehouse) -> None:
        warehouse.write(TABLE, week(1), 1, TYPES)
        with pytest.raises(BadInput, match="stored as BIGINT but now declared DOUBLE"):
            warehouse.write(TABLE, week(2), 2, {**TYPES, "active": "DOUBLE"})

    def test_a_first_week_without_any_type_is_refused_rather_than_guessed(self, warehouse: Warehouse) -> None:
        with pytest.raises(BadInput, match="no value to tell its type"):
            warehouse.write(TABLE, pd.DataFrame({"week_no": [1], "share": [None]}), 1)

    def test_types_survive_a_round_trip_and_do_not_depend_on_nulls(self, warehouse: Warehouse) -> None:
        frame = pd.DataFrame(
            {
                "text": pd.Series(["a", None], dtype="str"),
                "count": pd.Series([1, None], dtype="Int64"),
                "share": [0.5, np.nan],
                "flag": pd.Series([True, None], dtype="boolean"),
                "at": pd.to_datetime(["2026-01-05 08:00", None]).astype("datetime64[us]"),
                "day": [dt.date(2026, 1, 5), None],
            }
        )
        warehouse.write("feeds.x", frame)
        whole, part = warehouse.read("feeds.x"), warehouse.query("SELECT * FROM feeds.x LIMIT 1")
        assert whole.dtypes.to_dict() == part.dtypes.to_dict()
        pd.testing.assert_frame_equal(whole.drop(columns="day"), frame.drop(columns="day"))
        assert whole["day"].tolist() == [pd.Timestamp(2026, 1, 5), pd.NaT]

    def test_instants_with_a_zone_are_stored_as_utc(self, warehouse: Warehouse) -> None:
        berlin = pd.to_datetime(["2026-01-05 08:00"]).tz_localize("Europe/Berlin")
        warehouse.write("feeds.x", pd.DataFrame({"at": berlin}))
        assert warehouse.columns("feeds.x") == {"at": "TIMESTAMP"}
        assert warehouse.read("feeds.x")["at"].tolist() == [pd.Timestamp("2026-01-05 07:00")]

    def test_sums_of_integers_come_back_as_integers(self, warehouse: Warehouse) -> None:
        warehouse.write(TABLE, week(1), 1, TYPES)
        total = warehouse.query(f"SELECT sum(active) AS total FROM {TABLE} WHERE week_no = $week", {"week": 1})
        assert str(total["total"].dtype) == "Int64"
        assert total["total"].tolist() == [21]

    def test_python_variables_are_not_tables(self, warehouse: Warehouse) -> None:
        secret = pd.DataFrame({"a": [1]})
        with pytest.raises(Exception, match="secret does not exist"):
            warehouse.query("SELECT * FROM secret")
        assert len(secret) == 1

    def test_a_whole_table_is_replaced_with_its_columns(self, warehouse: Warehouse) -> None:
        warehouse.write("cohort.x", pd.DataFrame({"a": [1, 2]}))
        warehouse.write("cohort.x", pd.DataFrame({"b": ["z"]}))
        assert warehouse.columns("cohort.x") == {"b": "VARCHAR"}

    def test_a_name_without_schema_is_refused(self, warehouse: Warehouse) -> None:
        with pytest.raises(BadInput, match=r"write schema\.name"):
            warehouse.write("x; DROP TABLE y", pd.DataFrame({"a": [1]}))

    def test_reading_what_was_never_made_says_so(self, warehouse: Warehouse) -> None:
        assert not warehouse.exists("feeds.employees")
        with pytest.raises(NotReady, match=r"feeds\.employees is not in the warehouse yet"):
            warehouse.read("feeds.employees")

    def test_a_week_of_a_table_without_weeks_is_refused(self, warehouse: Warehouse) -> None:
        warehouse.write("cohort.x", pd.DataFrame({"a": [1]}))
        with pytest.raises(BadInput, match="no column week_no"):
            warehouse.read("cohort.x", 1)
        with pytest.raises(BadInput, match="no column week_no"):
            warehouse.write("cohort.x", pd.DataFrame({"a": [1]}), 1)


class TestSeveralWritesAsOne:
    def test_all_writes_of_a_transaction_are_undone_together(self, warehouse: Warehouse) -> None:
        warehouse.write("feeds.a", pd.DataFrame({"x": [1]}))
        with pytest.raises(BadInput), warehouse.transaction():
            warehouse.write("feeds.a", pd.DataFrame({"x": [2]}))
            warehouse.write("feeds.b", pd.DataFrame({"x": [1]}), columns={"y": "BIGINT"})
        assert warehouse.read("feeds.a")["x"].tolist() == [1]
        assert not warehouse.exists("feeds.b")
        warehouse.write("feeds.a", pd.DataFrame({"x": [3]}))
        assert warehouse.read("feeds.a")["x"].tolist() == [3]


class TestRestating:
    def write(self, warehouse: Warehouse, frame: pd.DataFrame, now: dt.datetime) -> list[pd.Timestamp]:
        warehouse.write_restating("pilot.k", frame, 1, now, ["week_no", "arm"], columns=TYPES)
        return warehouse.read("pilot.k", 1).sort_values("arm")["restated_at"].tolist()

    def test_a_row_written_first_is_not_restated(self, warehouse: Warehouse) -> None:
        assert self.write(warehouse, week(1), FIRST) == [pd.NaT, pd.NaT]

    def test_only_the_changed_row_carries_the_instant(self, warehouse: Warehouse) -> None:
        self.write(warehouse, week(1), FIRST)
        stamps = self.write(warehouse, week(1, pilot=21), SECOND)
        assert stamps == [pd.NaT, pd.Timestamp("2026-02-09 06:00")]

    def test_an_unchanged_row_keeps_its_earlier_instant(self, warehouse: Warehouse) -> None:
        self.write(warehouse, week(1), FIRST)
        self.write(warehouse, week(1, pilot=21), SECOND)
        assert self.write(warehouse, week(1, pilot=21), THIRD)[1] == pd.Timestamp("2026-02-09 06:00")

    def test_a_row_new_in_an_old_week_is_restated_even_after_an_empty_week(self, warehouse: Warehouse) -> None:
        self.write(warehouse, week(1).iloc[:0], FIRST)
        assert self.write(warehouse, week(1), SECOND) == [pd.Timestamp("2026-02-09 06:00")] * 2

    def test_null_that_stays_null_is_no_change(self, warehouse: Warehouse) -> None:
        hidden = week(1).assign(active=pd.array([None, 1], dtype="Int64"))
        self.write(warehouse, hidden, FIRST)
        assert self.write(warehouse, hidden, SECOND) == [pd.NaT, pd.NaT]
        assert self.write(warehouse, week(1), THIRD) == [pd.NaT, pd.Timestamp("2026-02-16 06:00")]

    def test_a_key_that_does_not_tell_rows_apart_is_refused(self, warehouse: Warehouse) -> None:
        with pytest.raises(BadInput, match="occur more than once"):
            warehouse.write_restating("pilot.k", week(1), 1, FIRST, ["week_no"], columns=TYPES)

    def test_a_row_outside_the_week_is_refused(self, warehouse: Warehouse) -> None:
        with pytest.raises(BadInput, match="outside week 1"):
            self.write(warehouse, week(2), FIRST)


class TestOpening:
    def test_directory_and_file_are_for_their_owner_only(self, tmp_path: Path) -> None:
        path = tmp_path / "var" / "warehouse.duckdb"
        with open_warehouse(path):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700

    def test_what_was_written_is_there_next_time(self, tmp_path: Path) -> None:
        path = tmp_path / "warehouse.duckdb"
        with open_warehouse(path) as warehouse:
            warehouse.write(TABLE, week(1), 1, TYPES)
        with open_warehouse(path) as warehouse:
            assert active(warehouse, 1) == [20, 1]
            assert warehouse.weeks(TABLE) == (1,)

    def test_an_exception_closes_the_file(self, tmp_path: Path) -> None:
        path = tmp_path / "warehouse.duckdb"
        with pytest.raises(KeyError), open_warehouse(path):
            raise KeyError
        probe = f"import duckdb; duckdb.connect({str(path)!r}).execute('CREATE TABLE t (a INT)')"
        assert subprocess.run([sys.executable, "-c", probe], check=False).returncode == 0

    def test_another_process_at_work_is_named_in_a_sentence(self, tmp_path: Path) -> None:
        path = tmp_path / "warehouse.duckdb"
        code = f"import duckdb, sys; c = duckdb.connect({str(path)!r}); print('open', flush=True); sys.stdin.read()"
        with subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as other:
            assert other.stdout is not None
            assert other.stdout.readline() == "open\n"
            with pytest.raises(BadInput, match=rf"in use by process {other.pid}, and only one may write"):
                open_warehouse(path, patience_s=0.3).__enter__()
            other.communicate("")

    def test_whoever_only_looks_in_for_a_moment_is_waited_for(self, tmp_path: Path) -> None:
        path = tmp_path / "warehouse.duckdb"
        code = f"import duckdb, time; c = duckdb.connect({str(path)!r}); print('open', flush=True); time.sleep(0.5)"
        with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as other:
            assert other.stdout is not None
            assert other.stdout.readline() == "open\n"
            with open_warehouse(path) as warehouse:
                assert warehouse.weeks(TABLE) == ()

    def test_a_file_that_is_no_database_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "warehouse.duckdb"
        path.write_text("not a database, " * 1000)
        with pytest.raises(BadInput, match="cannot be opened as a DuckDB database"):
            open_warehouse(path).__enter__()

    def test_a_place_that_cannot_be_a_directory_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "var").write_text("a file")
        with pytest.raises(BadInput, match="cannot be used for the warehouse"):
            open_warehouse(tmp_path / "var" / "warehouse.duckdb").__enter__()
