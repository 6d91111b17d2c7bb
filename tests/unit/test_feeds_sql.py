"""A query is a feed: from a file of SQLite everywhere, from a real PostgreSQL where Debian's server is installed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from local_postgres import local_postgres

from checks.contracts import contract_for
from pilot_pipeline.config import FeedSource
from pilot_pipeline.errors import BadInput
from pilot_pipeline.feeds.canon import CANON
from pilot_pipeline.feeds.formats.readers import read_source
from pilot_pipeline.feeds.hierarchy import Hierarchy
from pilot_pipeline.feeds.intake import Intake, take_in
from pilot_pipeline.privacy.pseudonyms import Pseudonyms

PEOPLE = """
    CREATE TABLE people (num text, boss text, grade integer, started date, seen timestamp, note text);
    INSERT INTO people VALUES ('007', NULL, 5, '2019-03-01', '2025-12-15 09:30:00', '50 % off'),
        ('008', '007', 3, '2020-01-02', NULL, 'x'), ('009', '404', 3, '2020-01-02', NULL, 'x');
"""
QUERY = "SELECT num, boss, grade, started FROM people WHERE note LIKE '%' ORDER BY num"
MAPPING = {
    "columns": {"employee_id": "num", "manager_id": "boss", "role_level": "grade", "hired_on": "started"},
    "constants": {"as_of": "2025-12-15", "department": "Ops", "role": "Clerk", "employment_status": "active"},
}


def taken(source: str, root: Path, **more: object) -> Intake:
    feed = FeedSource(source=source, **{"query": QUERY, **MAPPING, **more})
    key = Pseudonyms("a key that is long enough")
    return take_in(
        CANON["employees"], feed, root, [contract_for("employees"), Hierarchy()], key, ZoneInfo("Europe/Berlin")
    )


@pytest.fixture
def sqlite(tmp_path: Path) -> str:
    with sqlite3.connect(tmp_path / "hr.sqlite") as connection:
        connection.executescript(PEOPLE)
    connection.close()
    return f"sqlite:///{tmp_path / 'hr.sqlite'}"


def test_a_query_is_read_like_a_file(sqlite, tmp_path):
    intake = taken(sqlite, tmp_path)
    assert (intake.read.rows_read, intake.read.rows_accepted) == (3, 2)
    assert intake.quarantine[["file", "row", "rule"]].to_numpy().tolist() == [["feeds.employees.query", 3, "orphan"]]
    assert intake.identities["identifier"].sort_values().tolist() == ["007", "008", "009", "404"]


def test_the_digest_is_that_of_the_rows_in_whatever_order_they_come(sqlite, tmp_path):
    digests = {
        read_source(FeedSource(source=sqlite, query=query), tmp_path, "employees")[0].sha256
        for query in ("SELECT num, boss FROM people", "SELECT boss, num FROM people ORDER BY num DESC")
    }
    assert len(digests) == 1
    other = read_source(FeedSource(source=sqlite, query="SELECT num FROM people"), tmp_path, "employees")[0]
    assert other.sha256 not in digests


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ({"query": "SELECT nothing FROM people"}, "feeds.employees.query: the database refused the query"),
        ({"query": "CREATE TABLE x (y integer)"}, "returns no rows; it should be a SELECT"),
        ({"query": None}, "format sql needs a query"),
        ({"source": "hr.sqlite"}, "a query needs the URL of a database"),
        ({"source": "nosql://me:secret@host/db"}, "nosql:// cannot be read with what is installed here"),
        ({"source": "postgresql://me:secret@127.0.0.1:1/db"}, "cannot be reached, or refuses the user"),
        ({"source": "postgresql://me:secret@host/db", "query": None, "format": None}, "say in feeds.employees.query"),
    ],
)
def test_a_source_that_cannot_be_queried_is_refused_without_its_password(sqlite, tmp_path, source, sentence):
    with pytest.raises(BadInput) as refusal:
        taken(**{"source": sqlite, "root": tmp_path, "format": "sql", **source})
    assert sentence in str(refusal.value)
    assert "secret" not in str(refusal.value) and str(tmp_path) not in str(refusal.value)


def test_no_source_shows_its_secrets_when_it_is_printed():
    feed = FeedSource(source="postgresql://me:secret@host/db", query="SELECT 1")
    assert "secret" not in repr(feed)


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    pytest.importorskip("psycopg", reason="the driver is not installed (pip install 'pilot-pipeline[postgres]')")
    with local_postgres() as server:
        yield server.address("postgresql")


@pytest.fixture(scope="module")
def filled(postgres: str) -> str:
    import psycopg

    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(PEOPLE)
        connection.execute("CREATE ROLE reader LOGIN PASSWORD 'r3ader'; GRANT SELECT ON people TO reader")
        connection.execute("CREATE TABLE pay (amount numeric); CREATE SEQUENCE counter")
        connection.execute(
            "CREATE TABLE signins AS SELECT 's' || n AS id, "
            "timestamptz '2025-12-30 09:00+01' + n * interval '1 minute' AS at, "
            "n % 2 = 0 AS ok, ARRAY['a','b'] AS tags FROM generate_series(1, 25000) AS n"
        )
        connection.execute("GRANT SELECT ON signins TO reader")
    return postgres.replace("owner:s3cret", "reader:r3ader")


@pytest.mark.server
class TestPostgres:
    def test_a_real_server_is_read_like_a_file(self, filled, tmp_path):
        intake = taken(filled, tmp_path)
        assert (intake.read.rows_read, intake.read.rows_accepted) == (3, 2)
        assert intake.quarantine["rule"].tolist() == ["orphan"]
        assert intake.frame["hired_on"].dt.year.tolist() in ([2019, 2020], [2020, 2019])

    def test_typed_columns_keep_their_instants_and_many_rows_come_in_batches(self, filled, tmp_path):
        feed = FeedSource(
            source=filled,
            query="SELECT id, at, ok, tags FROM signins",
            columns={"event_id": "id", "occurred_at": "at", "outcome": "ok", "failure_reason": "tags"},
            values={"outcome": {"true": "success", "false": "failure"}},
            constants={"is_test": "true", "email": "a@acme.example"},
        )
        key = Pseudonyms("a key that is long enough")
        intake = take_in(
            CANON["sso_signins"], feed, tmp_path, [contract_for("sso_signins")], key, ZoneInfo("Europe/Berlin")
        )
        assert intake.read.rows_accepted == 25_000
        assert str(intake.frame["occurred_at"].min()) == "2025-12-30 08:01:00"
        assert intake.frame["failure_reason"].unique().tolist() == ["a;b"]

    @pytest.mark.parametrize(
        ("query", "sentence"),
        [
            ("SELECT * FROM peple", "names a table that is not there"),
            ("SELECT nme FROM people", "names a column that is not there"),
            ("SELEC num", "is no SELECT that the server understands"),
            ("SELECT * FROM pay", "asks for what this user may not read"),
            ("DELETE FROM people RETURNING num", "is no SELECT that the server understands"),
            ("SELECT num::integer / 0 FROM people", "the database refused the query (22012)"),
        ],
    )
    def test_a_query_that_fails_is_a_sentence(self, filled, tmp_path, query, sentence):
        with pytest.raises(BadInput) as refusal:
            taken(filled, tmp_path, query=query)
        assert sentence in str(refusal.value)

    def test_even_the_owner_cannot_write_through_a_feed(self, filled, postgres, tmp_path):
        with pytest.raises(BadInput, match="tries to write"):
            taken(postgres, tmp_path, query="SELECT nextval('counter')")
        assert taken(filled, tmp_path).read.rows_read == 3

    def test_a_wrong_password_is_a_sentence_without_it(self, filled, tmp_path):
        with pytest.raises(BadInput, match="cannot be reached, or refuses the user") as refusal:
            taken(filled.replace("r3ader", "wr0ng"), tmp_path)
        assert "wr0ng" not in str(refusal.value) and "127.0.0.1" not in str(refusal.value)


def test_files_at_a_url_are_read_through_fsspec(tmp_path):
    import fsspec

    memory = fsspec.filesystem("memory")
    for name in ("b", "a"):
        memory.pipe(f"/hr/{name}.csv", b"id\n1\n")
    files = read_source(FeedSource(source="memory://hr/*.csv"), tmp_path, "employees")
    assert [file.relative for file in files] == ["memory://hr/a.csv", "memory://hr/b.csv"]
    with pytest.raises(BadInput, match="memory:// could not be read"):
        read_source(FeedSource(source="memory://hr/gone.csv"), tmp_path, "employees")
    with pytest.raises(BadInput, match="no file matches at memory://"):
        read_source(FeedSource(source="memory://hr/gone*.csv"), tmp_path, "employees")
