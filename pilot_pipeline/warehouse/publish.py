"""Publishes the marts as a DuckDB file with Parquet twins, all or nothing; the audits themselves are `audits`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import MappingProxyType

import duckdb
import pandas as pd

from pilot_pipeline.errors import NotReady
from pilot_pipeline.warehouse.audits import ALWAYS, Audit, AuditResult, DocumentAudit
from pilot_pipeline.warehouse.connection import Warehouse
from pilot_pipeline.warehouse.models import Model, broken_promises
from pilot_pipeline.warehouse.release import commit, staged_release
from pilot_pipeline.warehouse.storing import canonical_types, first_row, quoted, relation_types, transaction

DATABASE = "pilot.duckdb"
AUDITS_TABLE = "bookkeeping.release_audits"
_SCHEMA = "pilot"
_ALIAS = "new_release"
# The oldest format that DuckDB still writes, so that a BI tool with an older driver can open the file.
_STORAGE = "v1.0.0"
_AUDIT_TYPES = {"audit": "VARCHAR", "table_name": "VARCHAR", "passed": "BOOLEAN", "detail": "VARCHAR"}


@dataclass(frozen=True)
class Release:
    """What was published: `tables` has name, rows and the sha256 of the Parquet file; `audits` all passed."""

    directory: Path
    tables: pd.DataFrame
    audits: tuple[AuditResult, ...] = field(default=())


class PublishRefused(NotReady):
    """A release did not pass its audits; the last one stays. `results` are all results, failed and passed."""

    def __init__(self, results: Sequence[AuditResult]) -> None:
        self.results = tuple(results)
        failed = [result for result in results if not result.passed]
        more = f" ({len(failed) - 1} more audits failed)" if len(failed) > 1 else ""
        super().__init__(f"Nothing was published, the last release stays. {failed[0].detail}{more}")


def publish(
    warehouse: Warehouse,
    published_dir: Path,
    marts: Sequence[Model],
    audits: Sequence[Audit] = (),
    *,
    only: set[str] | None = None,
    documents: Mapping[str, bytes | None] = MappingProxyType({}),
) -> Release:
    """Build, audit and swap in a release of the marts, together with documents such as the scorecard.

    Args:
        warehouse: Holds the marts' tables (`pilot.<mart>`), built before.
        published_dir: Where readers look: gets `pilot.duckdb`, `<mart>.parquet` and the documents.
        marts: All published tables; each is typed, commented and ordered as its model says.
        audits: Asked in addition to `audits.ALWAYS` and to types, promises and the Parquet twin.
        only: Names of the marts to fill, where a run is blocked; the others are published empty. None: all.
        documents: File name to content; None deletes a document of the last release.

    Returns:
        The release. For the same rows the Parquet files are byte-identical.

    Raises:
        NotReady: a mart has not been built.
        PublishRefused: an audit failed. Every result is in the warehouse (`bookkeeping.release_audits`) either way.
    """
    filled = [mart for mart in marts if only is None or mart.name in only]
    missing = [mart.table for mart in filled if not warehouse.exists(mart.table)]
    if missing:
        raise NotReady(f"{missing[0]} has not been built, so nothing was published and the last release stays.")
    results = _structure(warehouse, filled)
    _require_passed(warehouse, results)
    with staged_release(published_dir) as staging:
        with _attached(warehouse.connection, staging / DATABASE) as connection:
            # One transaction: a hundred comments, each committed by itself, would each be flushed to disk.
            with transaction(connection):
                connection.execute(f"CREATE SCHEMA {_ALIAS}.{_SCHEMA}")
                for mart in marts:
                    _build(connection, mart, staging, filled=mart in filled)
            results += _contents(connection, marts, audits, staging)
            results += _documents(documents, audits)
            connection.execute(f"CHECKPOINT {_ALIAS}")
        _require_passed(warehouse, results)
        tables = _summary(warehouse.connection, marts, staging)
        written = {name: content for name, content in documents.items() if content is not None}
        for name, content in written.items():
            (staging / name).write_bytes(content)
        names = [*(f"{mart.name}.parquet" for mart in marts), *written, DATABASE]
        commit(published_dir, names, [name for name, content in documents.items() if content is None])
    return Release(published_dir, tables, tuple(results))


def _structure(warehouse: Warehouse, marts: Sequence[Model]) -> list[AuditResult]:
    """Judge columns, types, NULLs and grain of the warehouse's tables against the models."""
    results = []
    for mart in marts:
        have = relation_types(warehouse.connection, mart.table)
        want = canonical_types(warehouse.connection, mart.types)
        faults = [f"column {c} is missing" for c in want if c not in have]
        faults += [f"column {c} is not in its .yml" for c in have if c not in want]
        faults += [f"column {c} is {kind} instead of {want[c]}" for c, kind in have.items() if want.get(c) != kind]
        faults = faults or list(broken_promises(warehouse.connection, mart, mart.table))
        detail = f"{mart.name}: {faults[0]}." if faults else ""
        results.append(AuditResult("contract", mart.name, not faults, detail))
    return results


@contextmanager
def _attached(connection: duckdb.DuckDBPyConnection, path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    connection.execute(f"ATTACH {_literal(str(path))} AS {_ALIAS} (STORAGE_VERSION '{_STORAGE}')")
    try:
        yield connection
    finally:
        connection.execute(f"DETACH {_ALIAS}")


def _build(connection: duckdb.DuckDBPyConnection, mart: Model, staging: Path, *, filled: bool) -> None:
    """Make one table with its comments, fill it in the order of its grain, and write its Parquet twin."""
    table = _released(mart)
    columns = ", ".join(f"{quoted(c.name)} {c.type}{'' if c.nullable else ' NOT NULL'}" for c in mart.columns)
    connection.execute(f"CREATE TABLE {table} ({columns})")
    connection.execute(f"COMMENT ON TABLE {table} IS {_literal(mart.description)}")
    for column in mart.columns:
        connection.execute(f"COMMENT ON COLUMN {table}.{quoted(column.name)} IS {_literal(column.description)}")
    if filled:
        connection.execute(f"INSERT INTO {table} BY NAME SELECT * FROM {mart.table} ORDER BY {_order(mart)}")
    twin = _literal(str(staging / f"{mart.name}.parquet"))
    rows = f"SELECT * FROM {table} ORDER BY {_order(mart)}"
    connection.execute(f"COPY ({rows}) TO {twin} (FORMAT parquet, COMPRESSION zstd)")


def _contents(
    connection: duckdb.DuckDBPyConnection, marts: Sequence[Model], audits: Sequence[Audit], staging: Path
) -> list[AuditResult]:
    """Judge the rows as they would be published, and each Parquet file against its table."""
    view = Warehouse(connection)
    tables = {mart.name: view.query(f"SELECT * FROM {_released(mart)} ORDER BY {_order(mart)}") for mart in marts}
    models = {mart.name: mart for mart in marts}
    results = [result for audit in (*ALWAYS, *audits) for result in audit(tables, models)]
    results += [_twin(connection, mart, staging) for mart in marts]
    return results


def _documents(documents: Mapping[str, bytes | None], audits: Sequence[Audit]) -> list[AuditResult]:
    """Let every audit that reads documents read them."""
    readers = [audit for audit in audits if isinstance(audit, DocumentAudit)]
    return [reader.read(name, text) for name, text in documents.items() if text is not None for reader in readers]


def _twin(connection: duckdb.DuckDBPyConnection, mart: Model, staging: Path) -> AuditResult:
    """Judge a Parquet file against its table: the same types, the same rows."""
    twin = f"read_parquet({_literal(str(staging / f'{mart.name}.parquet'))})"
    table = _released(mart)
    differ = f"(SELECT * FROM {table} EXCEPT ALL SELECT * FROM {twin})"
    counts = ", ".join(f"(SELECT count(*) FROM {relation})" for relation in (differ, table, twin))
    lost, in_table, in_twin = first_row(connection, f"SELECT {counts}")
    same = (
        lost == 0
        and in_table == in_twin
        and relation_types(connection, twin) == canonical_types(connection, mart.types)
    )
    return AuditResult("parquet_twin", mart.name, same, "" if same else f"{mart.name}: its Parquet file differs.")


def _require_passed(warehouse: Warehouse, results: Sequence[AuditResult]) -> None:
    """Store every result, and refuse the release when one failed."""
    rows = [{**asdict(result), "table_name": result.table} for result in results]
    frame = pd.DataFrame(rows, columns=list(_AUDIT_TYPES))
    warehouse.write(AUDITS_TABLE, frame, columns=_AUDIT_TYPES)
    if not all(result.passed for result in results):
        raise PublishRefused(results)


def _summary(connection: duckdb.DuckDBPyConnection, marts: Sequence[Model], staging: Path) -> pd.DataFrame:
    rows = []
    for mart in marts:
        path = staging / f"{mart.name}.parquet"
        (count,) = first_row(connection, f"SELECT count(*) FROM read_parquet({_literal(str(path))})")
        rows.append((mart.name, int(count), hashlib.sha256(path.read_bytes()).hexdigest()))
    return pd.DataFrame(rows, columns=["name", "rows", "sha256"])


def _released(mart: Model) -> str:
    return f"{_ALIAS}.{_SCHEMA}.{mart.name}"


def _order(mart: Model) -> str:
    return ", ".join(map(quoted, mart.grain)) or "ALL"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
