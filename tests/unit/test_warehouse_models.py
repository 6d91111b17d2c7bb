"""A SELECT and its twin: what is read from them, what is refused, and what running one promises."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
import yaml

from pilot_pipeline.errors import BadInput, NotReady
from pilot_pipeline.warehouse.connection import Warehouse, open_warehouse
from pilot_pipeline.warehouse.models import Model, check_model_columns, load_models, run_model

SQL = """
-- Active people per week; the comment's semicolon; is none of SQL's.
WITH active AS (SELECT employee_id, week_no FROM weekly.activity WHERE week_no = $week)

SELECT
    cast($week AS BIGINT) AS week_no,
    members.arm,
    count(active.employee_id) AS people,
    sum(members.score) / count(*) AS mean_score
FROM cohort.members AS members
LEFT JOIN active ON members.employee_id = active.employee_id
GROUP BY members.arm -- the end
"""
TWIN = {
    "description": "Active people per week.",
    "grain": ["week_no", "arm"],
    "schema": "weekly",
    "group": "weekly",
    "columns": [
        {"name": "week_no", "type": "BIGINT", "description": "Week."},
        {"name": "arm", "type": "VARCHAR", "description": "Arm."},
        {"name": "people", "type": "BIGINT", "description": "People active."},
        {"name": "mean_score", "type": "DOUBLE", "description": "Mean.", "nullable": True},
    ],
}


def model(
    root: Path, sql: str = SQL, name: str = "active_weeks", layer: str = "intermediate", **changes: object
) -> Model:
    folder = root / layer
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.sql").write_text(sql)
    twin = {key: value for key, value in {**TWIN, **changes}.items() if value is not None}
    (folder / f"{name}.yml").write_text(yaml.safe_dump(twin))
    return load_models(root)[name]


def columns(*names: str, **nullable: bool) -> list[dict[str, object]]:
    return [
        {"name": name, "type": "BIGINT", "description": "A number.", "nullable": nullable.get(name, False)}
        for name in names
    ]


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[Warehouse]:
    with open_warehouse(tmp_path / "var" / "warehouse.duckdb") as opened:
        people = {"employee_id": ["p_1", "p_2", "p_3"], "arm": ["pilot", "pilot", "control"], "score": [3, 4, None]}
        opened.write("cohort.members", pd.DataFrame(people))
        opened.write("weekly.activity", pd.DataFrame({"employee_id": ["p_1", "p_1"], "week_no": [1, 2]}))
        yield opened


class TestReading:
    def test_dependencies_parameters_and_table_come_from_the_sql(self, tmp_path: Path) -> None:
        loaded = model(tmp_path)
        assert loaded.depends_on == ("cohort.members", "weekly.activity")
        assert loaded.parameters == ("week",)
        assert loaded.partitioned
        assert loaded.table == "weekly.active_weeks"

    def test_numbers_outside_the_grain_are_measures_unless_the_twin_says_otherwise(self, tmp_path: Path) -> None:
        described = [*TWIN["columns"][:3], {**TWIN["columns"][3], "measure": False}]  # type: ignore[index]
        loaded = model(tmp_path, columns=described)
        assert [column.name for column in loaded.columns if column.measure] == ["people"]

    def test_generated_series_are_no_dependency(self, tmp_path: Path) -> None:
        sql = "SELECT i AS a, 1 AS b FROM unnest(generate_series(1, 3)) AS t(i), range(2) AS r(j)"
        assert model(tmp_path, sql, grain=["a"], columns=columns("a", "b")).depends_on == ()

    def test_layers_come_in_order(self, tmp_path: Path) -> None:
        one = {"grain": [], "columns": columns("a")}
        model(tmp_path, "SELECT 1 AS a", "a_mart", "marts", **one)
        model(tmp_path, "SELECT 1 AS a", "z_staging", "staging", **one)
        assert list(load_models(tmp_path)) == ["z_staging", "a_mart"]

    @pytest.mark.parametrize(
        ("sql", "sentence"),
        [
            ("SELECT 1 AS a; SELECT 2 AS a", "exactly one SELECT"),
            ("DROP TABLE feeds.employees", "exactly one SELECT"),
            ("COPY (SELECT 1) TO 'file'", "exactly one SELECT"),
            ("", "exactly one SELECT"),
            ("SELEC 1", "exactly one SELECT|is not SQL"),
            ("SELECT (1 AS a", "is not SQL"),
            ("SELECT a FROM employees", "reads employees without its schema"),
            ("SELECT a FROM 'feeds/hris.csv'", "without its schema"),
            ("SELECT a FROM read_csv('feeds/hris.csv')", "tables of the warehouse only"),
            ("SELECT a FROM read_text('.env')", "tables of the warehouse only"),
            ("SELECT a FROM other.feeds.employees", "names a database"),
            ("SELECT ? AS a", "a parameter has no name"),
            ("SELECT $1 AS a", "a parameter has no name"),
        ],
    )
    def test_what_is_not_one_select_of_the_warehouse_is_refused(self, tmp_path: Path, sql: str, sentence: str) -> None:
        with pytest.raises(BadInput, match=sentence):
            model(tmp_path, sql, grain=[], columns=columns("a"))

    @pytest.mark.parametrize(
        ("changes", "sentence"),
        [
            ({"description": None}, "description is missing"),
            ({"grian": ["a"]}, "grian is not a key of it. Did you mean 'grain'?"),
            ({"grain": ["week"]}, "grain names week, which is not a column"),
            ({"grain": ["mean_score"]}, "grain column mean_score cannot be nullable"),
            ({"columns": columns("people", "people")}, "column people stands there twice"),
            ({"grain": ["a"], "columns": columns("a")}, "needs a column week_no"),
            ({"columns": [{"name": "a", "type": "BIGINT"}]}, "column a: description is missing"),
            ({"columns": []}, "columns is not empty"),
            ({"schema": "Weekly;"}, "is not a table of the warehouse"),
        ],
    )
    def test_what_a_twin_cannot_say_is_refused(self, tmp_path: Path, changes: dict[str, object], sentence: str) -> None:
        with pytest.raises(BadInput, match=sentence):
            model(tmp_path, **changes)  # type: ignore[arg-type]

    def test_broken_yaml_is_placed(self, tmp_path: Path) -> None:
        model(tmp_path)
        (tmp_path / "intermediate" / "active_weeks.yml").write_text("grain: [a]\ndescription: in euro: yes\n")
        with pytest.raises(BadInput, match=r"active_weeks\.yml, line 2, column 21, is not valid YAML"):
            load_models(tmp_path)

    @pytest.mark.parametrize("missing", [".sql", ".yml"])
    def test_a_file_without_its_twin_is_refused(self, tmp_path: Path, missing: str) -> None:
        model(tmp_path)
        (tmp_path / "intermediate" / f"active_weeks{missing}").unlink()
        with pytest.raises(BadInput, match=rf"has no active_weeks\{missing} beside it"):
            load_models(tmp_path)

    def test_two_models_of_one_name_are_refused(self, tmp_path: Path) -> None:
        model(tmp_path)
        with pytest.raises(BadInput, match="Two models are called active_weeks"):
            model(tmp_path, layer="marts")


class TestRunning:
    def test_a_week_is_computed_and_ordered_by_its_grain(self, warehouse: Warehouse, tmp_path: Path) -> None:
        assert run_model(warehouse, model(tmp_path), 1, {"unused": "never bound"}) == 2
        rows = warehouse.read("weekly.active_weeks", 1)
        assert rows["arm"].tolist() == ["control", "pilot"]
        assert rows["people"].tolist() == [0, 1]
        assert warehouse.columns("weekly.active_weeks") == model(tmp_path).types

    def test_running_a_week_twice_is_running_it_once(self, warehouse: Warehouse, tmp_path: Path) -> None:
        for week in (1, 2, 1):
            run_model(warehouse, model(tmp_path), week)
        assert warehouse.read("weekly.active_weeks")["week_no"].tolist() == [1, 1, 2, 2]

    def test_a_week_is_asked_for_exactly_where_it_matters(self, warehouse: Warehouse, tmp_path: Path) -> None:
        with pytest.raises(BadInput, match="weekly; name a week"):
            run_model(warehouse, model(tmp_path))
        fixed = model(tmp_path, "SELECT 1 AS a", "fixed", grain=[], columns=columns("a"))
        with pytest.raises(BadInput, match="not weekly; name no week"):
            run_model(warehouse, fixed, 1)

    def test_a_parameter_that_was_not_given_is_named(self, warehouse: Warehouse, tmp_path: Path) -> None:
        asking = model(tmp_path, "SELECT CAST($weeks AS BIGINT) AS a", grain=[], columns=columns("a"))
        with pytest.raises(BadInput, match=r"needs the parameter \$weeks"):
            run_model(warehouse, asking)
        assert run_model(warehouse, asking, params={"weeks": 12}) == 1

    @pytest.mark.parametrize(
        ("names", "sentence"),
        [
            (("a", "b", "c"), "c stand in the .yml but not in the query"),
            (("a",), "b stand in the query but not in the"),
        ],
    )
    def test_columns_that_differ_from_the_twin_fail(
        self, warehouse: Warehouse, tmp_path: Path, names: tuple[str, ...], sentence: str
    ) -> None:
        wrong = model(tmp_path, "SELECT 1 AS b, 2 AS a", grain=[], columns=columns(*names))
        with pytest.raises(BadInput, match=sentence):
            run_model(warehouse, wrong)
        with pytest.raises(BadInput, match=sentence):
            check_model_columns(wrong, ["a", "b"])
        assert not warehouse.exists(wrong.table)

    @pytest.mark.parametrize(
        ("sql", "sentence"),
        [
            ("SELECT NULL AS a", "1 values of a are NULL"),
            ("SELECT 1 AS a FROM range(2)", "one row per a, and 1 of them have more"),
            ("SELECT 1.5::DOUBLE AS a", "cannot be stored as BIGINT without changing"),
            ("SELECT 0::DOUBLE / 0::DOUBLE AS a", "cannot be stored as BIGINT"),
            ("SELECT a FROM cohort.nothing", "Table with name nothing does not exist"),
            ("SELECT cast(employee_id AS BIGINT) AS a FROM cohort.members", "ConversionException"),
        ],
    )
    def test_a_broken_promise_leaves_the_old_rows_and_quotes_no_value(
        self, warehouse: Warehouse, tmp_path: Path, sql: str, sentence: str
    ) -> None:
        promise = {"grain": ["a"], "columns": columns("a")}
        run_model(warehouse, model(tmp_path / "good", "SELECT 7 AS a", **promise))
        with pytest.raises(BadInput, match=sentence) as refusal:
            run_model(warehouse, model(tmp_path / "bad", sql, **promise))
        assert "p_1" not in str(refusal.value)
        assert warehouse.read("weekly.active_weeks")["a"].tolist() == [7]

    @pytest.mark.parametrize("sql", ["SELECT 'nan'::DOUBLE AS a", "SELECT 'inf'::DOUBLE AS a"])
    def test_a_number_that_is_not_finite_is_refused(self, warehouse: Warehouse, tmp_path: Path, sql: str) -> None:
        number = [{"name": "a", "type": "DOUBLE", "description": "A number.", "nullable": True}]
        with pytest.raises(BadInput, match="1 values of a are not finite"):
            run_model(warehouse, model(tmp_path, sql, grain=[], columns=number))

    def test_an_empty_grain_promises_at_most_one_row(self, warehouse: Warehouse, tmp_path: Path) -> None:
        with pytest.raises(BadInput, match="one row per table"):
            run_model(warehouse, model(tmp_path, "SELECT i AS a FROM range(2) AS r(i)", grain=[], columns=columns("a")))

    def test_a_query_without_rows_makes_an_empty_typed_table(self, warehouse: Warehouse, tmp_path: Path) -> None:
        none = model(tmp_path, "SELECT 1 AS a WHERE false", grain=[], columns=columns("a"))
        assert run_model(warehouse, none) == 0
        assert warehouse.columns(none.table) == {"a": "BIGINT"}

    def test_a_weekly_mart_says_when_a_row_was_restated(self, warehouse: Warehouse, tmp_path: Path) -> None:
        sql = "SELECT week_no, n, CAST(NULL AS TIMESTAMP) AS restated_at FROM weekly.counts WHERE week_no = $week"
        stamp = {"name": "restated_at", "type": "TIMESTAMP", "description": "When.", "nullable": True}
        mart = model(tmp_path, sql, grain=["week_no"], columns=[*columns("week_no", "n"), stamp])
        with pytest.raises(BadInput, match="needs the instant of the run"):
            run_model(warehouse, mart, 1)
        stamps = []
        for day, count in ((1, 20), (8, 20), (15, 21)):
            warehouse.write("weekly.counts", pd.DataFrame({"week_no": [1], "n": [count]}))
            run_model(warehouse, mart, 1, now=dt.datetime(2026, 2, day, tzinfo=dt.UTC))
            stamps.append(warehouse.read(mart.table)["restated_at"].item())
        assert stamps == [pd.NaT, pd.NaT, pd.Timestamp(2026, 2, 15)]

    def test_a_table_not_built_yet_is_not_readable(self, warehouse: Warehouse) -> None:
        with pytest.raises(NotReady):
            warehouse.read("pilot.roi")


def test_every_model_of_the_house_can_be_loaded() -> None:
    models = load_models()
    marts = {name for name, loaded in models.items() if loaded.layer == "marts"}
    assert marts == {
        *("weekly_kpis", "kpi_scorecard", "cohort_balance", "cohort_summary", "bias_audit", "checkpoints"),
        *("data_quality", "manager_signals", "roi", "top_issues", "decision"),
    }
    assert {models[name].schema for name in marts} == {"pilot"}
