"""Finds a feed's files and reads each by its format into text; mapping them to canonical columns is `mapping`."""

from __future__ import annotations

import glob
import hashlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from urllib.parse import unquote, urlsplit

from pilot_pipeline.config import FeedSource
from pilot_pipeline.errors import BadInput
from pilot_pipeline.feeds.formats.csv_files import parse_csv
from pilot_pipeline.feeds.formats.entra_signin import parse_entra_signin
from pilot_pipeline.feeds.formats.google_login import parse_google_login
from pilot_pipeline.feeds.formats.json_lines import parse_json_lines
from pilot_pipeline.feeds.formats.okta_system_log import parse_okta_system_log
from pilot_pipeline.feeds.formats.parquet_files import parse_parquet
from pilot_pipeline.feeds.formats.qualtrics import parse_qualtrics
from pilot_pipeline.feeds.formats.raw import Options, RawTable, SourceFile
from pilot_pipeline.feeds.formats.remote_files import read_remote
from pilot_pipeline.feeds.formats.sql_source import read_query
from pilot_pipeline.feeds.formats.xapi import parse_xapi
from pilot_pipeline.feeds.formats.xlsx_files import parse_xlsx

__all__ = ["READERS", "SourceFile", "find_files", "format_of", "read_source"]

READERS: Mapping[str, Callable[..., RawTable]] = MappingProxyType(
    {
        "csv": parse_csv,
        "jsonl": parse_json_lines,
        "parquet": parse_parquet,
        "xlsx": parse_xlsx,
        "okta_system_log": parse_okta_system_log,
        "entra_signin": parse_entra_signin,
        "google_login": parse_google_login,
        "xapi": parse_xapi,
        "qualtrics": parse_qualtrics,
    }
)
"""One reader per `format` of files: from bytes, a name for messages and `raw.Options` to cells."""

_ENDINGS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
}


def read_source(source: FeedSource, root: Path, feed: str) -> list[SourceFile]:
    """Read every file of a source, in the order of their names, or the answer of its query.

    `root` is the pilot's directory.

    Raises:
        BadInput: no file matches, one cannot be read, or a query fails; files are named as seen from `root`.
    """
    if source.query is not None or source.format == "sql":
        return [_queried(source, feed)]
    options = Options(source.encoding, source.sheet, source.records)
    files = []
    for path, relative, data in _contents(source.source, root, feed):
        reader = READERS[source.format or format_of(relative, feed)]
        files.append(SourceFile(path, relative, hashlib.sha256(data).hexdigest(), reader(data, relative, options)))
    return files


def _queried(source: FeedSource, feed: str) -> SourceFile:
    if source.query is None:
        raise BadInput(f"feeds.{feed}: format sql needs a query, for example query: SELECT * FROM {feed}.")
    if source.format not in (None, "sql") or "://" not in source.source:
        raise BadInput(
            f"feeds.{feed}: a query needs the URL of a database as its source, such as postgresql://host/hr."
        )
    return read_query(source.source, source.query, feed)


def _contents(source: str, root: Path, feed: str) -> list[tuple[Path, str, bytes]]:
    """Return path, name for messages and bytes of every file."""
    if "://" in source and not source.startswith(("file://", "postgresql://", "postgres://")):
        return [(Path(name), name, data) for name, data in read_remote(source, feed)]
    found = find_files(source, root, feed)
    names = [Path(os.path.relpath(path, root)).as_posix() for path in found]
    return [(path, name, _bytes(path, name)) for path, name in zip(found, names, strict=True)]


def find_files(source: str, root: Path, feed: str) -> list[Path]:
    """Return the files of a source in the order of their names, without opening them.

    Raises:
        BadInput: no file matches, or the source is a directory, a database or an address.
    """
    if source.startswith("file://"):
        source = unquote(urlsplit(source).path)
    elif source.startswith(("postgresql://", "postgres://")):
        raise BadInput(
            f"feeds.{feed}.source is a database; say in feeds.{feed}.query what to read, for example SELECT …"
        )
    elif "://" in source:
        raise BadInput(f"feeds.{feed}.source is an address, not files of this machine.")
    exact = root / source
    if exact.is_dir():
        raise BadInput(f"feeds.{feed}.source names the directory {source}; name its files, for example {source}/*.csv.")
    if exact.exists():
        return [exact]
    pattern = source if Path(source).is_absolute() else str(Path(glob.escape(str(root))) / source)
    found = sorted(Path(match) for match in glob.glob(pattern, recursive=True) if Path(match).is_file())  # noqa: PTH207 - Path.glob takes no absolute pattern
    if not found:
        raise BadInput(f"feeds.{feed}.source: no file matches {source} (looked for from the pilot's directory).")
    return found


def format_of(relative: str, feed: str) -> str:
    """Return the format that a file's ending tells; BadInput where it tells none."""
    known = _ENDINGS.get(PurePosixPath(relative).suffix.lower())
    if known is None:
        raise BadInput(
            f"{relative}: its ending does not tell the format; set feeds.{feed}.format to csv, jsonl, parquet or xlsx."
        )
    return known


def _bytes(path: Path, relative: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadInput(f"{relative} cannot be read: {error.strerror or 'input error'}.") from None
