"""A column's sources are those of the SQL: through CTEs, joins, unions and stars."""

from __future__ import annotations

import pytest

from pilot_pipeline.warehouse.lineage import column_lineage, lineage_markdown
from pilot_pipeline.warehouse.models import Model, ModelColumn, load_models
from pilot_pipeline.warehouse.selects import parse_select
from pilot_pipeline.warehouse.tables import TABLES

TABLE_TYPES = {
    "cohort.members": {"employee_id": "VARCHAR", "arm": "VARCHAR"},
    "weekly.scores": {"id": "VARCHAR", "s": "DOUBLE"},
}
MODELS = load_models()
SQL = """
WITH scored AS (SELECT * FROM weekly.scores), both_arms AS (
    SELECT members.arm, scored.s * $weight AS weighted FROM cohort.members AS members
    INNER JOIN scored ON members.employee_id = scored.id
)
SELECT arm, sum(weighted) AS total, count(*) AS rows, $weight AS weight FROM both_arms GROUP BY arm
"""


def model(sql: str, *columns: str) -> Model:
    select = parse_select(sql, "test")
    described = tuple(ModelColumn(name, "VARCHAR", name) for name in columns)
    return Model("m", "marts", "pilot", sql, "", (), described, "g", select.tables, select.parameters)


def test_sources_are_followed_through_ctes_stars_and_joins() -> None:
    rows = column_lineage(model(SQL, "arm", "total", "rows", "weight"), TABLE_TYPES)
    sources = dict(zip(rows["column"], zip(rows["source_table"], rows["source_column"], strict=True), strict=True))
    assert sources["arm"] == ("cohort.members", "arm")
    assert sources["total"] == ("weekly.scores", "s")
    assert rows.loc[rows["column"].isin(["rows", "weight"]), "source_table"].isna().all()


def test_a_union_has_the_sources_of_both_sides() -> None:
    both = "SELECT arm AS x FROM cohort.members UNION ALL SELECT id AS x FROM weekly.scores"
    rows = column_lineage(model(both, "x"), TABLE_TYPES)
    assert rows["source_table"].tolist() == ["cohort.members", "weekly.scores"]


def test_markdown_has_one_line_per_column() -> None:
    text = lineage_markdown(column_lineage(model(SQL, "arm", "rows"), TABLE_TYPES))
    assert text.splitlines()[2:] == ["| `arm` | `cohort.members.arm` |", "| `rows` | computed here |"]


@pytest.mark.parametrize("mart", sorted(name for name, m in MODELS.items() if m.layer == "marts"))
def test_no_mart_takes_a_column_from_a_person_level_feed(mart: str) -> None:
    tables = {table.table: table.types for table in TABLES.values()} | {m.table: m.types for m in MODELS.values()}
    rows = column_lineage(MODELS[mart], tables)
    assert rows["column"].nunique() == len(MODELS[mart].columns)
    people = {"feeds.tool_events", "feeds.employees", "feeds.manager_observations", "feeds.pulse_responses"}
    assert not people & set(rows["source_table"].dropna())
    assert not {"employee_id", "email"} & set(rows["source_column"].dropna())
