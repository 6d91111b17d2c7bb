"""Reads a real HRIS export as the population of a rehearsal: what is there is kept; filling gaps is `orgchart`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
from pydantic import ValidationError

from pilot_pipeline.config import FeedSource
from pilot_pipeline.config.yaml_text import read_yaml
from pilot_pipeline.errors import BadInput, nearest
from pilot_pipeline.feeds.canon import CANON, Column
from pilot_pipeline.feeds.formats.raw import SourceFile
from pilot_pipeline.feeds.formats.readers import read_source
from pilot_pipeline.feeds.mapping import Mapped, map_to_canon

NEEDED = ("employee_id", "department", "role", "role_level")
SET_ASIDE_AT_MOST = 0.02
_EMPLOYEES = CANON["employees"]
_DATES = tuple(column.name for column in _EMPLOYEES.columns if column.type == "date" and column.name != "as_of")


@dataclass(frozen=True)
class Export:
    """An HRIS export in canonical columns.

    Attributes:
        people: One row per person, sorted by id; the canonical columns of `employees` without `as_of`, those that the
            export does not have empty.
        kept: Canonical columns that come from the export, in canonical order.
        sha256: Of the file.
        notes: What was set aside or moved, in sentences without any cell.
    """

    people: pd.DataFrame
    kept: tuple[str, ...]
    sha256: str
    notes: tuple[str, ...]

    @property
    def simulated(self) -> tuple[str, ...]:
        """Canonical columns that the export does not have."""
        return tuple(name for name in _EMPLOYEES.names if name not in self.kept and name != "as_of")


def read_export(population: Path, mapping: Path, on: date, zone: ZoneInfo) -> Export:
    """Read one snapshot of people.

    Args:
        population: the export; csv, jsonl or parquet.
        mapping: a YAML file that says `feeds: {employees: {...}}` as pilot.yaml does, without `source`.
        on: the day that the rehearsal takes for the export's own; dates are moved with it, so that tenure stays.
        zone: of times, should a date column hold any.

    Raises:
        BadInput: one sentence: the file or mapping cannot be used, an id occurs twice, more than 2 % of the rows lack
            what a rehearsal needs.
    """
    if not population.is_file():
        raise BadInput(f"--population {population} is not a file.")
    source = _read_mapping(mapping, population)
    files = read_source(source, population.parent, "employees")
    kept = _present(files[0], source)
    fill = {"as_of": on.isoformat(), "employment_status": "active", "hired_on": on.isoformat()}
    absent = {name: value for name, value in fill.items() if name not in kept}
    source = source.model_copy(update={"constants": {**source.constants, **absent}})
    mapped = map_to_canon(files, source, _EMPLOYEES, zone)
    rows, notes = _sound_rows(mapped, population.name)
    rows, moved = _on_day(rows, on, kept)
    people = rows[[name for name in _EMPLOYEES.names if name != "as_of"]]
    people = people.sort_values("employee_id", ignore_index=True)
    named = tuple(name for name in _EMPLOYEES.names if name in kept and name != "as_of")
    return Export(people, named, files[0].sha256, (*notes, *moved))


def _read_mapping(path: Path, population: Path) -> FeedSource:
    if not path.is_file():
        raise BadInput(f"--mapping {path} is not a file.")
    data: Any = read_yaml(path)
    for key in ("feeds", "employees"):
        if not isinstance(data, dict) or not isinstance(data.get(key), dict):
            raise BadInput(f"--mapping {path.name} needs feeds.employees, written as in pilot.yaml but without source.")
        data = data[key]
    if "source" in data:
        raise BadInput(f"--mapping {path.name}: leave out feeds.employees.source; --population names the file.")
    try:
        return FeedSource.model_validate({**data, "source": str(population.absolute())})
    except ValidationError as error:
        detail = error.errors(include_url=False, include_input=False)[0]
        key = ".".join(str(part) for part in detail["loc"])
        hint = nearest(key, list(FeedSource.model_fields)) if detail["type"] == "extra_forbidden" else ""
        raise BadInput(f"--mapping {path.name}: feeds.employees.{key} cannot be used: {detail['msg']}.{hint}") from None


def _present(file: SourceFile, source: FeedSource) -> frozenset[str]:
    """Canonical columns that the export or its mapping gives a value for."""
    ignored = set() if source.ignore == "*" else set(source.ignore)
    taken = set(source.columns.values())
    bare = {name for name in _EMPLOYEES.names if name in file.frame.columns and name not in ignored | taken}
    return frozenset({*source.columns, *source.constants, *source.filename, *bare})


def _sound_rows(mapped: Mapped, name: str) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return the rows of the latest snapshot that can be used, and how many were set aside for what."""
    frame = mapped.frame
    if frame.empty:
        raise BadInput(f"{name} holds no rows.")
    latest = frame["as_of"].isna() | (frame["as_of"] == frame["as_of"].max())
    troubles = {(finding.row, finding.column) for finding in mapped.findings}
    for column in _EMPLOYEES.columns:
        wrong = _wrong(frame[column.name], column)
        troubles |= {(int(row), column.name) for row in frame.index[wrong]}
    bad = frame.index.isin([row for row, _ in troubles])
    aside = int((bad & latest).sum())
    columns = ", ".join(n for n in _EMPLOYEES.names if n in {column for _, column in troubles})
    if aside > SET_ASIDE_AT_MOST * int(latest.sum()):
        raise BadInput(
            f"{name}: {aside:,} of {int(latest.sum()):,} rows have no usable value in {columns or 'the whole row'}; a "
            f"rehearsal sets at most {SET_ASIDE_AT_MOST:.0%} aside. Mend the export or its mapping."
        )
    rows = frame[latest & ~bad].drop_duplicates()
    repeated = rows["employee_id"].duplicated(keep=False)
    if repeated.any():
        line = int(mapped.origins.loc[repeated[repeated].index[1], "row"])
        count = rows.loc[repeated, "employee_id"].nunique()
        raise BadInput(
            f"{name}: {count:,} employee {'id occurs' if count == 1 else 'ids occur'} more than once (first again in "
            f"row {line}); a rehearsal needs one row per person."
        )
    note = f"{aside:,} rows were set aside: no usable value in {columns}." if aside else ""
    older = int((~latest).sum())
    snapshot = f"{older:,} rows of older snapshots were left out." if older else ""
    return rows, tuple(sentence for sentence in (note, snapshot) if sentence)


def _wrong(values: pd.Series, column: Column) -> pd.Series:
    """Mark cells that a person's row cannot do without, or whose value is none that the column may have."""
    wrong = values.isna() if not column.nullable else pd.Series(False, index=values.index)
    if column.vocabulary:
        wrong |= values.notna() & ~values.isin(column.vocabulary)
    if column.minimum is not None:
        wrong |= (values < column.minimum).fillna(False).astype(bool)
    if column.maximum is not None:
        wrong |= (values > column.maximum).fillna(False).astype(bool)
    return wrong


def _on_day(rows: pd.DataFrame, on: date, kept: frozenset[str]) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Move the export's dates so that its own day becomes `on`; without a day of its own, its youngest date is one."""
    dates = [name for name in _DATES if name in kept]
    young = max((rows[name].max() for name in dates if rows[name].notna().any()), default=pd.Timestamp(on))
    day = rows["as_of"].max() if "as_of" in kept else max(young, pd.Timestamp(on))
    gap = pd.Timestamp(on) - day
    if not gap.days:
        return rows, ()
    rows = rows.assign(**{name: rows[name] + gap for name in dates})
    if "birth_year" in kept:
        rows = rows.assign(birth_year=rows["birth_year"] + round(gap.days / 365.25))
    return rows, (f"All dates were moved by {gap.days:+,} days, to a snapshot of {on}; tenure and age stay.",)
