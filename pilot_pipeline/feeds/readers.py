"""Finds a feed's files and reads each by its format into text; mapping them to canonical columns is `mapping`."""

from __future__ import annotations

import glob
import hashlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from urllib.parse import unquote, urlsplit

from pilot_pipeline.config import FeedSource
from pilot_pipeline.errors import BadInput
from pilot_pipeline.feeds.csv_files import parse_csv
from pilot_pipeline.feeds.json_lines import parse_json_lines
from pilot_pipeline.feeds.parquet_files import parse_parquet
from pilot_pipeline.feeds.raw import RawTable, SourceFile

__all__ = ["READERS", "SourceFile", "find_files", "read_source"]

READERS: Mapping[str, Callable[[bytes, str], RawTable]] = MappingProxyType(
    {"csv": parse_csv, "jsonl": parse_json_lines, "parquet": parse_parquet}
)
"""One reader per `format`: from a file's bytes, and its name for messages, to its cells."""

_ENDINGS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
}


def read_source(source: FeedSource, root: Path, feed: str) -> list[SourceFile]:
    """Read every file of a source, in the order of their names; `root` is the pilot's directory.

    Raises:
        BadInput: no file matches, or one cannot be read; the sentence names the file as seen from `root`.
    """
    files = []
    for path in find_files(source.source, root, feed):
        relative = Path(os.path.relpath(path, root)).as_posix()
        reader = READERS[source.format or _format_of(path, relative, feed)]
        data = _bytes(path, relative)
        files.append(SourceFile(path, relative, hashlib.sha256(data).hexdigest(), reader(data, relative)))
    return files


def find_files(source: str, root: Path, feed: str) -> list[Path]:
    """Return the files of a source in the order of their names, without opening them.

    Raises:
        BadInput: no file matches, or the source is a directory or an address that cannot be read.
    """
    if source.startswith("file://"):
        source = unquote(urlsplit(source).path)
    elif "://" in source:
        scheme = source.partition("://")[0]
        raise BadInput(
            f"feeds.{feed}.source is a {scheme}:// address, which cannot be read yet; give a path or a glob."
        )
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


def _format_of(path: Path, relative: str, feed: str) -> str:
    known = _ENDINGS.get(path.suffix.lower())
    if known is None:
        raise BadInput(
            f"{relative}: its ending does not tell the format; set feeds.{feed}.format to csv, jsonl or parquet."
        )
    return known


def _bytes(path: Path, relative: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadInput(f"{relative} cannot be read: {error.strerror or 'input error'}.") from None
