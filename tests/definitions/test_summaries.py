"""Claims about an asset's page: one summary with a sentence, tables and plots, and the feeds that it goes back to."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import dagster as dg
import pandas as pd

from assets.sentences import sentence_for
from assets.summaries import markdown_table, with_summary
from assets.upstream import feeds_table, upstream_feeds
from pilot_pipeline.feeds.canon import CANON
from pilot_pipeline.warehouse.connection import open_warehouse
from pilot_pipeline.warehouse.tables import TABLES

NOW = datetime(2026, 4, 10)


def asset(name: str, *deps: str) -> dg.AssetsDefinition:
    @dg.asset(name=name, deps=[*deps])
    def made() -> None: ...

    return made


def test_sentence_tables_and_plots_stand_in_one_summary_and_the_rest_beside_it() -> None:
    table = markdown_table(pd.DataFrame({"feed": ["a|b"], "rows": [3]}))
    plot = dg.MetadataValue.md("![plot](data:image/svg+xml;base64,AAAA)")
    lineage = dg.MetadataValue.md("| column | comes from |\n|---|---|")
    told = {"dagster/row_count": 3, "rungs": table, "love_plot": plot, "column_lineage": lineage, "pairs": 30}
    made = with_summary(told, "30 pairs.")
    text = made["summary"].value
    assert text.startswith("30 pairs.\n\n**Rungs**\n\n| feed | rows |")
    assert "**Love plot**\n\n![plot](data:image" in text and "a\\|b" in text
    assert set(made) == {"summary", "dagster/row_count", "column_lineage", "pairs"}


def test_an_asset_goes_back_to_every_feed_above_it_and_to_its_own() -> None:
    found = upstream_feeds(
        asset(name, *deps)
        for name, *deps in (
            ("employees", "competencies"),
            ("competencies",),
            ("manager_time_baseline",),
            ("x",),
            ("both", "manager_time_baseline", "employees"),
        )
    )
    assert found["employees"] == ("employees", "competencies")
    assert found["both"] == ("employees", "manager_time", "competencies")  # in the contract's order
    assert found["x"] == ()
    assert all(feed in CANON for feeds in found.values() for feed in feeds)


def test_feeds_are_shown_with_their_quarantine_and_their_newest_day(tmp_path: Path) -> None:
    reads, files = TABLES["feeds.feed_reads"], TABLES["feeds.source_files"]
    rows = [("tool_events", 9, 7, 2, "", 0, pd.Timestamp("2026-01-04"), ""), ("employees", 5, 5, 0, "", 0, pd.NaT, "")]
    with open_warehouse(tmp_path / "w.duckdb") as warehouse:
        assert feeds_table(warehouse, ["employees"]).empty
        warehouse.write(reads.table, pd.DataFrame(rows, columns=[*reads.types]), columns=reads.types)
        sources = [("tool_events", f"{n}.csv", "0") for n in range(3)]
        warehouse.write(files.table, pd.DataFrame(sources, columns=[*files.types]), columns=files.types)
        shown = feeds_table(warehouse, ["tool_events", "employees", "pathways"])
    assert shown["feed"].tolist() == ["employees", "tool_events"]
    assert shown[["rows", "in quarantine", "files"]].to_numpy().tolist() == [[5, 0, 0], [7, 2, 3]]


def test_without_a_sentence_of_its_own_an_asset_says_what_was_counted(tmp_path: Path) -> None:
    with open_warehouse(tmp_path / "w.duckdb") as warehouse:

        def said(told: dict, weeks: tuple[int, ...] = ()) -> str:
            return sentence_for("anything", warehouse, NOW, weeks, told)

        assert said({"dagster/row_count": 1}) == "1 row."
        assert said({"dagster/row_count": dg.MetadataValue.int(1200)}, (3, 4)) == (
            "1,200 rows; weeks 3 to 4 computed in this run."
        )
        assert said({"rows_read": 10, "rows_quarantined": 2}) == "10 rows were read, 2 of them set aside."
        assert said({"summary": dg.MetadataValue.md("Its own.")}) == "Its own."


def test_the_kpis_say_where_adoption_stands_and_what_was_restated(tmp_path: Path) -> None:
    row = {"week_no": 1, "arm": "pilot", "kpi": "adoption", "n": 30, "value": 0.9, "target": 0.7, "on_track": True}
    rows = pd.DataFrame([row, row | {"week_no": 2, "value": 0.5, "on_track": False}]).assign(suppressed=False)
    with open_warehouse(tmp_path / "w.duckdb") as warehouse:
        types = {"week_no": "BIGINT", "arm": "VARCHAR", "kpi": "VARCHAR", "n": "BIGINT", "value": "DOUBLE"}
        types |= {"target": "DOUBLE", "on_track": "BOOLEAN", "suppressed": "BOOLEAN", "restated_at": "TIMESTAMP"}
        for week, stamp in ((1, NOW), (2, pd.NaT)):
            part = rows[rows["week_no"] == week].assign(
                restated_at=pd.Series([stamp], dtype="datetime64[us]").to_numpy()
            )
            warehouse.write("pilot.weekly_kpis", part, week, columns=types)
        said = sentence_for("weekly_kpis", warehouse, NOW, (1, 2), {})
    assert said == (
        "Week 2: 50% of 30 participants were active, against a target of 70% (below it). This run restated week 1."
    )
