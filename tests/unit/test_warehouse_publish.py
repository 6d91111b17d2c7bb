"""A release is typed, commented, audited and swapped in whole; whatever fails, the last one stays."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from pilot_pipeline.errors import BadInput, NotReady
from pilot_pipeline.warehouse.audits import AuditResult, NoIdentifiers, NothingBySubtraction, minimum_groups
from pilot_pipeline.warehouse.connection import Warehouse, open_warehouse
from pilot_pipeline.warehouse.models import Model, ModelColumn
from pilot_pipeline.warehouse.publish import AUDITS_TABLE, PublishRefused, Release, publish
from pilot_pipeline.warehouse.release import recover

KPIS = Model(
    name="weekly_kpis",
    layer="marts",
    schema="pilot",
    sql="",
    description="The KPIs; it's per week.",
    grain=("week_no", "kpi"),
    columns=(
        ModelColumn("week_no", "BIGINT", "Week."),
        ModelColumn("kpi", "VARCHAR", "KPI, its 'key'."),
        ModelColumn("n", "BIGINT", "People.", nullable=True, measure=True),
        ModelColumn("value", "DOUBLE", "Value.", nullable=True, measure=True),
        ModelColumn("suppressed", "BOOLEAN", "Too small."),
    ),
    group="weekly",
    depends_on=(),
    parameters=(),
)
ISSUES = Model(
    name="top_issues",
    layer="marts",
    schema="pilot",
    sql="",
    description="Issues.",
    grain=("rank",),
    columns=(
        ModelColumn("rank", "INT", "Rank."),
        ModelColumn("title", "VARCHAR", "Title."),
        ModelColumn("affected", "BIGINT", "People.", nullable=True, measure=True),
    ),
    group="closeout",
    depends_on=(),
    parameters=(),
)
MARTS = (KPIS, ISSUES)
FILES = {"pilot.duckdb", "weekly_kpis.parquet", "top_issues.parquet"}


class JaneDoe:
    def hits(self, text: str) -> int:
        return text.count("Jane Doe")


@dataclass
class Failing:
    name: str = "failing"
    seen: list[str] = field(default_factory=list)

    def __call__(self, tables: Mapping[str, pd.DataFrame], models: Mapping[str, Model]) -> Sequence[AuditResult]:
        self.seen += tables
        return [AuditResult(self.name, "weekly_kpis", False, "weekly_kpis: planted.")]


class Crashing:
    name = "crashing"

    def __call__(self, tables: Mapping[str, pd.DataFrame], models: Mapping[str, Model]) -> Sequence[AuditResult]:
        raise RuntimeError(self.name)


def kpis(value: float = 0.7, **changes: object) -> pd.DataFrame:
    rows = {"week_no": [2, 1, 1], "kpi": ["a", "b", "a"], "n": [30, 30, 30], "value": value, "suppressed": False}
    return pd.DataFrame({**rows, **changes})


def write(warehouse: Warehouse, frame: pd.DataFrame, title: str = "Slow sign-in", affected: int | None = 9) -> None:
    issues = pd.DataFrame({"rank": [1], "title": [title], "affected": pd.array([affected], dtype="Int64")})
    warehouse.write("pilot.weekly_kpis", frame, columns=KPIS.types)
    warehouse.write("pilot.top_issues", issues, columns=ISSUES.types)


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[Warehouse]:
    with open_warehouse(tmp_path / "var" / "warehouse.duckdb") as opened:
        write(opened, kpis())
        yield opened


@pytest.fixture
def published(tmp_path: Path) -> Path:
    return tmp_path / "published"


def picture(published: Path) -> dict[str, str]:
    paths = sorted(path for path in published.iterdir() if path.is_file())
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def select(published: Path, sql: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(published / "pilot.duckdb"), read_only=True) as reader:
        # The file's name makes a catalog `pilot`, so plain `pilot.weekly_kpis` would be ambiguous to DuckDB.
        reader.execute("USE pilot.pilot")
        return reader.execute(sql).fetchall()


class TestWhatIsPublished:
    def test_database_and_parquet_twins_and_nothing_else(self, warehouse: Warehouse, published: Path) -> None:
        release = publish(warehouse, published, MARTS)
        assert {path.name for path in published.iterdir()} == FILES
        assert release.tables[["name", "rows"]].to_numpy().tolist() == [["weekly_kpis", 3], ["top_issues", 1]]
        assert release.tables["sha256"].tolist() == [
            picture(published)[f"{name}.parquet"] for name in ("weekly_kpis", "top_issues")
        ]
        assert release.audits and all(result.passed for result in release.audits)

    def test_rows_stand_in_the_order_of_the_grain_in_both(self, warehouse: Warehouse, published: Path) -> None:
        publish(warehouse, published, MARTS)
        in_database = select(published, "SELECT week_no, kpi FROM weekly_kpis")
        in_parquet = duckdb.sql(f"SELECT week_no, kpi FROM '{published}/weekly_kpis.parquet'").fetchall()
        assert in_database == in_parquet == [(1, "a"), (1, "b"), (2, "a")]

    def test_types_nulls_and_comments_are_those_of_the_twin(self, warehouse: Warehouse, published: Path) -> None:
        publish(warehouse, published, MARTS)
        described = select(
            published,
            "SELECT column_name, data_type, is_nullable, comment FROM duckdb_columns() "
            "WHERE schema_name = 'pilot' AND table_name = 'weekly_kpis' ORDER BY column_index",
        )
        assert described == [(c.name, c.type, c.nullable, c.description) for c in KPIS.columns]
        comments = select(published, "SELECT comment FROM duckdb_tables() WHERE table_name = 'weekly_kpis'")
        assert comments == [("The KPIs; it's per week.",)]

    def test_older_drivers_can_open_the_file(self, warehouse: Warehouse, published: Path) -> None:
        publish(warehouse, published, MARTS)
        tags = select(published, "SELECT tags FROM duckdb_databases() WHERE database_name = 'pilot'")
        assert tags[0][0] == {"storage_version": "v1.0.0+"}

    def test_parquet_is_byte_identical_over_runs_and_threads(self, warehouse: Warehouse, tmp_path: Path) -> None:
        many = pd.DataFrame({"week_no": range(5000), "kpi": "a", "n": 30, "value": 1 / 3, "suppressed": False})
        hashes = []
        for threads in (1, 2, 4):
            warehouse.connection.execute(f"SET threads = {threads}")
            write(warehouse, many.sample(frac=1, random_state=threads))
            hashes.append(publish(warehouse, tmp_path / str(threads), MARTS).tables["sha256"].tolist())
        assert hashes[0] == hashes[1] == hashes[2]

    def test_a_blocked_run_has_every_table_but_fills_only_the_named(
        self, warehouse: Warehouse, published: Path
    ) -> None:
        warehouse.connection.execute("DROP TABLE pilot.weekly_kpis")
        release = publish(warehouse, published, MARTS, only={"top_issues"})
        assert release.tables["rows"].tolist() == [0, 1]
        assert select(published, "SELECT count(*) FROM weekly_kpis") == [(0,)]
        assert duckdb.read_parquet(str(published / "weekly_kpis.parquet")).columns == list(KPIS.types)

    def test_documents_belong_to_the_release(self, warehouse: Warehouse, published: Path) -> None:
        publish(warehouse, published, MARTS, documents={"scorecard.html": b"<p>go</p>"})
        assert (published / "scorecard.html").read_bytes() == b"<p>go</p>"
        with pytest.raises(PublishRefused):
            publish(warehouse, published, MARTS, [Failing()], documents={"scorecard.html": b"<p>no_go</p>"})
        assert (published / "scorecard.html").read_bytes() == b"<p>go</p>"
        publish(warehouse, published, MARTS, documents={"scorecard.html": None})
        assert not (published / "scorecard.html").exists()


class TestTheLastReleaseStays:
    @pytest.fixture(autouse=True)
    def earlier(self, warehouse: Warehouse, published: Path) -> dict[str, str]:
        publish(warehouse, published, MARTS)
        write(warehouse, kpis(0.9))
        return picture(published)

    def test_when_an_audit_fails(self, warehouse: Warehouse, published: Path, earlier: dict[str, str]) -> None:
        with pytest.raises(PublishRefused, match=r"the last release stays\. weekly_kpis: planted"):
            publish(warehouse, published, MARTS, [Failing()])
        assert picture(published) == earlier

    def test_when_an_audit_crashes(self, warehouse: Warehouse, published: Path, earlier: dict[str, str]) -> None:
        with pytest.raises(RuntimeError, match="crashing"):
            publish(warehouse, published, MARTS, [Crashing()])
        assert picture(published) == earlier
        publish(warehouse, published, MARTS)
        assert picture(published) != earlier

    def test_when_a_mart_was_not_built(self, warehouse: Warehouse, published: Path, earlier: dict[str, str]) -> None:
        warehouse.connection.execute("DROP TABLE pilot.top_issues")
        with pytest.raises(NotReady, match=r"pilot\.top_issues has not been built"):
            publish(warehouse, published, MARTS)
        assert picture(published) == earlier

    def test_the_results_are_stored_either_way(self, warehouse: Warehouse, published: Path) -> None:
        with pytest.raises(PublishRefused):
            publish(warehouse, published, MARTS, [Failing()])
        stored = warehouse.read(AUDITS_TABLE)
        assert stored.loc[~stored["passed"], "audit"].tolist() == ["failing"]
        assert {"contract", "parquet_twin", "no_personal_columns"} <= set(stored["audit"])
        publish(warehouse, published, MARTS)
        assert warehouse.read(AUDITS_TABLE)["passed"].all()

    def test_an_open_reader_keeps_its_picture_and_the_next_sees_the_new(
        self, warehouse: Warehouse, published: Path
    ) -> None:
        ask = f"""
            import duckdb, sys
            reader = duckdb.connect({str(published / "pilot.duckdb")!r}, read_only=True)
            for _ in range(2):
                print(reader.execute("SELECT max(value) FROM pilot.pilot.weekly_kpis").fetchall()[0][0], flush=True)
                sys.stdin.readline()
        """
        with subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(ask)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as old_reader:
            assert old_reader.stdout is not None and old_reader.stdin is not None
            assert old_reader.stdout.readline() == "0.7\n"
            publish(warehouse, published, MARTS)
            old_reader.stdin.write("\n")
            old_reader.stdin.flush()
            assert old_reader.stdout.readline() == "0.7\n"
            old_reader.communicate("\n")
        assert select(published, "SELECT max(value) FROM weekly_kpis") == [(0.9,)]


KILLED = """
    import os, signal, sys
    from pathlib import Path
    sys.path.insert(0, {tests!r})
    from test_warehouse_publish import MARTS, kpis, write
    from pilot_pipeline.warehouse.connection import open_warehouse
    from pilot_pipeline.warehouse.publish import publish

    class Killing:
        name = "killing"
        def __call__(self, tables, models):
            os.kill(os.getpid(), signal.SIGKILL)

    renames, rename = [], Path.replace
    def replace(self, target):
        if len(renames) == {after}:
            os.kill(os.getpid(), signal.SIGKILL)
        renames.append(target)
        return rename(self, target)
    Path.replace = replace

    with open_warehouse(Path({root!r}) / "var" / "warehouse.duckdb") as warehouse:
        write(warehouse, kpis(0.9))
        publish(warehouse, Path({root!r}) / "published", MARTS, [Killing()] if {during_audit} else [])
"""


class TestKilled:
    def kill(self, root: Path, *, during_audit: bool = False, after: int = 99) -> None:
        tests = str(Path(__file__).parent)
        code = textwrap.dedent(KILLED).format(tests=tests, root=str(root), during_audit=during_audit, after=after)
        ended = subprocess.run(
            [sys.executable, "-c", code], check=False, env={**os.environ, "PYTHONWARNINGS": "ignore"}
        )
        assert ended.returncode == -signal.SIGKILL

    def first_release(self, root: Path) -> dict[str, str]:
        with open_warehouse(root / "var" / "warehouse.duckdb") as warehouse:
            write(warehouse, kpis(0.7))
            publish(warehouse, root / "published", MARTS)
        return picture(root / "published")

    def values(self, published: Path) -> set[object]:
        parquet = duckdb.sql(f"SELECT max(value) FROM '{published}/weekly_kpis.parquet'").fetchall()
        return {parquet[0][0], select(published, "SELECT max(value) FROM weekly_kpis")[0][0]}

    @pytest.mark.parametrize("moment", [{"during_audit": True}, {"after": 0}])
    def test_before_the_release_is_complete_the_old_one_stands(self, tmp_path: Path, moment: dict[str, int]) -> None:
        before = self.first_release(tmp_path)
        self.kill(tmp_path, **moment)  # type: ignore[arg-type]
        published = tmp_path / "published"
        assert picture(published) == before
        assert recover(published)
        assert {path.name for path in published.iterdir()} == FILES
        assert picture(published) == before
        with open_warehouse(tmp_path / "var" / "warehouse.duckdb") as warehouse:
            publish(warehouse, published, MARTS)
        assert self.values(published) == {0.9}

    def test_between_two_renames_the_next_run_finishes_the_release(self, tmp_path: Path) -> None:
        self.first_release(tmp_path)
        published = tmp_path / "published"
        self.kill(tmp_path, after=2)
        assert self.values(published) == {0.7, 0.9}
        assert recover(published)
        assert self.values(published) == {0.9}
        assert {path.name for path in published.iterdir()} == FILES
        assert not recover(published)


class TestAudits:
    def refused(self, warehouse: Warehouse, published: Path, *audits: object, **changes: object) -> str:
        write(warehouse, kpis(**changes))  # type: ignore[arg-type]
        with pytest.raises(PublishRefused) as refusal:
            publish(warehouse, published, MARTS, audits)  # type: ignore[arg-type]
        assert not (published / "pilot.duckdb").exists()
        return str(refusal.value)

    def test_suppressed_rows_show_no_measure(self, warehouse: Warehouse, published: Path) -> None:
        message = self.refused(warehouse, published, suppressed=[True, False, False])
        assert "weekly_kpis: 1 suppressed rows still show n" in message

    def test_small_groups_are_not_shown(self, warehouse: Warehouse, published: Path) -> None:
        message = self.refused(warehouse, published, minimum_groups(5), n=[30, 4, 0])
        assert "1 rows show groups of fewer than 5 people in n" in message

    def test_small_numbers_of_affected_people_are_not_shown(self, warehouse: Warehouse, published: Path) -> None:
        write(warehouse, kpis(), affected=3)
        with pytest.raises(PublishRefused, match="fewer than 5 people in affected"):
            publish(warehouse, published, MARTS, [minimum_groups(5)])
        write(warehouse, kpis(), affected=None)
        assert isinstance(publish(warehouse, published, MARTS, [minimum_groups(5)]), Release)

    @pytest.mark.parametrize(
        ("kpi", "sentence"),
        [
            ("asked jane@firm.example", "column kpi holds e-mail addresses"),
            ("e_0123456789abcdef", "column kpi holds pseudonyms of e-mail addresses"),
            ("see p_0123456789abcdef", "column kpi holds pseudonyms of people"),
            ("asked by Jane Doe", "1 texts of column kpi hold a known name, e-mail address or id"),
        ],
    )
    def test_no_text_names_a_person(self, warehouse: Warehouse, published: Path, kpi: str, sentence: str) -> None:
        message = self.refused(warehouse, published, NoIdentifiers(JaneDoe()), kpi=["a", "b", kpi])
        assert sentence in message
        assert "Jane" not in message and "jane" not in message

    def test_a_document_names_no_person_either(self, warehouse: Warehouse, published: Path) -> None:
        pages = (b"<p>Jane Doe</p>", b"<img alt='Jane Doe'>", b"<p>jane@firm.example</p>", b"<b>p_0123456789abcdef</b>")
        for page in pages:
            with pytest.raises(PublishRefused, match=r"scorecard\.html: it holds a name"):
                publish(warehouse, published, MARTS, [NoIdentifiers(JaneDoe())], documents={"scorecard.html": page})
        drawing = b"<style>@media print {Jane Doe}</style><path d='Jane Doe'/><p>go</p>"
        publish(warehouse, published, MARTS, [NoIdentifiers(JaneDoe())], documents={"scorecard.html": drawing})

    def test_infinite_values_are_not_published(self, warehouse: Warehouse, published: Path) -> None:
        assert "3 values of value are not finite" in self.refused(warehouse, published, value=float("inf"))

    def test_a_broken_grain_is_not_published(self, warehouse: Warehouse, published: Path) -> None:
        assert "one row per week_no, kpi" in self.refused(warehouse, published, week_no=[1, 1, 1])

    def test_a_table_of_another_type_is_not_published(self, warehouse: Warehouse, published: Path) -> None:
        warehouse.write("pilot.weekly_kpis", kpis(), columns={**KPIS.types, "value": "FLOAT"})
        with pytest.raises(PublishRefused, match="column value is FLOAT instead of DOUBLE"):
            publish(warehouse, published, MARTS)

    def test_a_column_about_single_people_is_not_published(self, warehouse: Warehouse, published: Path) -> None:
        person = ModelColumn("employee_id", "VARCHAR", "A person.")
        mart = Model(**{**vars(ISSUES), "name": "people", "grain": ("employee_id",), "columns": (person,)})
        warehouse.write("pilot.people", pd.DataFrame({"employee_id": ["x"]}))
        with pytest.raises(PublishRefused, match="column employee_id is about single people"):
            publish(warehouse, published, [mart])

    def test_several_failures_are_counted(self, warehouse: Warehouse, published: Path) -> None:
        message = self.refused(warehouse, published, Failing(), suppressed=[True, False, False])
        assert message.endswith("(1 more audits failed)")

    def test_a_place_that_cannot_be_written_is_a_sentence(self, warehouse: Warehouse, tmp_path: Path) -> None:
        (tmp_path / "published").write_text("a file")
        with pytest.raises(BadInput, match="cannot be published to"):
            publish(warehouse, tmp_path / "published", MARTS)


class TestSubtraction:
    rows = pd.DataFrame(
        {
            "week_no": 1,
            "level": ["manager", "manager", "manager", "organisation"],
            "unit": ["m1", "m2", "m3", "all"],
            "parent": ["all", "all", "all", None],
            "n": [3, 6, 9, 18],
        }
    )

    def judge(self, *hidden: str) -> AuditResult:
        shown = self.rows.assign(suppressed=self.rows["unit"].isin(hidden)).drop(columns=["parent", "n"])
        return NothingBySubtraction(self.rows, 5)({"manager_signals": shown}, {})[0]

    def test_a_unit_hidden_alone_is_found(self) -> None:
        result = self.judge("m1")
        assert not result.passed
        assert "subtraction tells" in result.detail

    def test_two_hidden_units_pass(self) -> None:
        assert self.judge("m1", "m2").passed

    def test_a_small_unit_that_is_shown_is_found(self) -> None:
        assert not self.judge().passed

    def test_a_unit_that_the_hierarchy_does_not_know_is_found(self) -> None:
        shown = self.rows.assign(suppressed=False, unit="other").drop_duplicates(["level", "unit"])
        result = NothingBySubtraction(self.rows, 5)({"manager_signals": shown}, {})[0]
        assert "2 units are not in the hierarchy" in result.detail

    def test_a_release_without_units_has_nothing_to_judge(self) -> None:
        assert NothingBySubtraction(self.rows, 5)({}, {}) == ()
