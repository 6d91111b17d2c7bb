"""Writes feeds as files of the formats that `pilot.yaml` names, the same bytes every time; no row is made here."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from pilot_pipeline.feeds.canon import CANON, Feed


def as_text(feed: Feed, frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame's canonical columns as text, null where a cell is blank; instants end in Z."""
    formats = {"date": "%Y-%m-%d", "timestamp": "%Y-%m-%dT%H:%M:%SZ"}
    columns: dict[str, pd.Series] = {}
    for column in feed.columns:
        values = frame[column.name]
        if column.type in formats:
            columns[column.name] = values.dt.strftime(formats[column.type]).astype("str")
        elif column.type == "boolean":
            columns[column.name] = values.map({True: "true", False: "false"}).astype("str")
        elif column.type == "number":
            columns[column.name] = values.map("{:g}".format, na_action="ignore").astype("str")
        else:
            columns[column.name] = values.astype("str")
    return pd.DataFrame(columns)


def write_csv(path: Path, rows: pd.DataFrame) -> None:
    """Write text rows as CSV, UTF-8, one LF per row."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(rows.to_csv(index=False, lineterminator="\n").encode("utf-8"))


def write_jsonl(path: Path, feed: str, rows: pd.DataFrame) -> None:
    """Write text rows as JSON lines; booleans as such, blanks as null."""
    booleans = {column.name for column in CANON[feed].columns if column.type == "boolean"}
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = []
    for record in rows.astype(object).where(rows.notna(), None).to_dict("records"):
        cells = {str(key): value == "true" if key in booleans and value else value for key, value in record.items()}
        lines.append(json.dumps(cells, ensure_ascii=False) + "\n")
    path.write_bytes("".join(lines).encode("utf-8"))


def write_parquet(path: Path, feed: str, rows: pd.DataFrame) -> None:
    """Write text rows as Parquet with the feed's own types, instants in UTC; without pandas' metadata."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = {
        "text": pa.string(),
        "integer": pa.int64(),
        "number": pa.float64(),
        "boolean": pa.bool_(),
        "date": pa.date32(),
        "timestamp": pa.timestamp("us", tz="UTC"),
    }
    arrays, fields = [], []
    for column in CANON[feed].columns:
        cells = pa.array(rows[column.name].astype(object).where(rows[column.name].notna(), None), type=pa.string())
        arrays.append(cells.cast(types[column.type]))
        fields.append(pa.field(column.name, types[column.type]))
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_arrays(arrays, schema=pa.schema(fields)), path, compression="zstd")


def write_feed(directory: Path, feed: str, rows: pd.DataFrame) -> None:
    """Write one feed: employees per snapshot, events per week, sign-ins per month, the rest in one CSV."""
    if feed == "employees":
        for as_of, part in rows.groupby("as_of", sort=True):
            write_csv(directory / feed / f"employees_{as_of}.csv", part)
    elif feed == "tool_events":
        days = pd.to_datetime(rows["occurred_at"].str[:10])
        mondays = (days - pd.to_timedelta(days.dt.day_of_week, unit="D")).dt.strftime("%Y-%m-%d")
        for monday, part in rows.groupby(mondays, sort=True):
            write_parquet(directory / feed / f"tool_events_{monday}.parquet", feed, part)
    elif feed == "sso_signins":
        for month, part in rows.groupby(rows["occurred_at"].str[:7], sort=True):
            write_jsonl(directory / feed / f"sso_signins_{month}.jsonl", feed, part)
    else:
        write_csv(directory / f"{feed}.csv", rows)
