"""Proposes how a file may be mapped to a feed, from its names and cells; a person decides, and nothing is stored."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from pilot_pipeline.config import FeedSource
from pilot_pipeline.feeds.canon import Column, Feed
from pilot_pipeline.feeds.cells import NULLS, Manner, fold, is_year, read_cells
from pilot_pipeline.feeds.formats.raw import SourceFile
from pilot_pipeline.feeds.formats.readers import format_of, read_source
from pilot_pipeline.feeds.formats.shapes import shape_of
from pilot_pipeline.feeds.plan import dates_in_name
from pilot_pipeline.feeds.resolving import name_key
from pilot_pipeline.feeds.synonyms import (
    COLUMN_NAMES,
    DATE_FORMATS,
    FULL_NAMES,
    NAME_COLUMNS,
    NO,
    SAYS_WHO_LEFT,
    SAYS_WHO_STAYED,
    WORDS,
    YES,
)

_SAMPLE = 5_000
_FEW = 12


@dataclass(frozen=True)
class Proposal:
    """A mapping as it would stand in pilot.yaml, what nothing was found for, and what a person has to look at."""

    source: FeedSource
    keys: dict[str, Any]
    missing: tuple[str, ...]
    questions: tuple[str, ...]


def propose_mapping(feed: Feed, path: Path, zone: ZoneInfo, constants: Mapping[str, str]) -> Proposal:
    """Look at a file and propose its mapping.

    Columns are chosen by their names (the canon's, then what companies call them), each once; then cells decide: date
    formats that read every cell, meanings of known words, managers given by address or name. Cells are quoted only
    where a column has a vocabulary, and then only its distinct words.

    Args:
        feed: the canonical feed.
        path: the file.
        zone: the pilot's time zone.
        constants: canonical columns that have one value in every row, as a person said.

    Raises:
        BadInput: the file is not there, or cannot be read.
    """
    form = format_of(path.name, feed.name)
    keys: dict[str, Any] = {"source": str(path), **shape_of(path.read_bytes() if path.is_file() else b"", form)}
    (file, *_) = read_source(FeedSource.model_validate(keys), Path.cwd(), feed.name)
    chosen = {name: column for name, column in _columns(feed, file).items() if name not in constants}
    keys["columns"] = {name: column for name, column in chosen.items() if name != column}
    questions: list[str] = []
    sample = file.frame.head(_SAMPLE)
    for name, column in chosen.items():
        _by_cells(feed.column(name), sample[column], zone, keys, questions)
    _people(feed, chosen, file.frame, keys)
    _name(feed, {**chosen, **constants}, file, keys)
    keys["constants"] = dict(constants)
    given = {*chosen, *constants, *file.table.made, *keys.get("filename", {})}
    missing = tuple(c.name for c in feed.columns if not c.nullable and c.name not in given)
    named = {column for columns in keys.get("by_name", {}).values() for column in columns}
    left = [c for c in file.frame.columns if c not in {*chosen.values(), *file.table.known, *named}]
    if left:
        keys["ignore"] = left
    keys = {key: value for key, value in keys.items() if value not in ({}, [])}
    return Proposal(FeedSource.model_validate(keys), keys, missing, tuple(questions))


def _plain(name: str) -> str:
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return " ".join(re.sub(r"[^0-9a-zA-ZäöüßÄÖÜ]+", " ", spaced).casefold().split())


def _columns(feed: Feed, file: SourceFile) -> dict[str, str]:
    """Choose a source column for each canonical one, the surest first; none is used twice."""
    free = {column: _plain(column) for column in file.frame.columns if not column.startswith("=")}
    free = {column: plain for column, plain in free.items() if column not in file.table.known}
    squeezed = {column: plain.replace(" ", "") for column, plain in free.items()}
    ranked: list[tuple[int, int, str, str]] = []
    for place, canonical in enumerate(feed.columns):
        if canonical.name in file.table.made:
            continue
        names = [canonical.name.replace("_", " "), *COLUMN_NAMES.get(canonical.name, ())]
        for rank, name in enumerate(names):
            ranked += [
                (rank, place, canonical.name, column)
                for column in free
                if squeezed[column] == name.replace(" ", "") or free[column].split(".")[-1] == name
            ]
    chosen: dict[str, str] = {}
    for _, _, name, column in sorted(ranked, key=lambda item: item[:2]):
        if name not in chosen and column not in chosen.values():
            chosen[name] = column
    return {name: chosen[name] for name in feed.names if name in chosen}


def _by_cells(column: Column, cells: pd.Series, zone: ZoneInfo, keys: dict[str, Any], questions: list[str]) -> None:
    """Add what the cells ask for: date formats, or what words mean."""
    filled = cells.dropna().str.strip()
    filled = filled[~filled.str.casefold().isin(NULLS)]
    if filled.empty:
        return
    if column.type in ("date", "timestamp") or (is_year(column) and not filled.str.fullmatch(r"\d{4}").all()):
        _dates(column, filled, zone, keys, questions)
    elif column.vocabulary:
        _words(column, filled, keys, questions)
    elif column.type != "text":
        unread = sum(int(trouble.mask.sum()) for trouble in read_cells(filled, column, zone).troubles)
        if unread:
            questions.append(f"{column.name}: {unread:,} cells are not of type {column.type}; is another column meant?")


def _dates(column: Column, cells: pd.Series, zone: ZoneInfo, keys: dict[str, Any], questions: list[str]) -> None:
    """Add the fewest formats that read the cells, each the one that reads most of what is left."""
    left = cells.drop_duplicates()
    formats: list[str] = []
    while len(left) and len(formats) < 5:
        ending = " @local" if column.type == "timestamp" else ""
        reads = {form: _read(column, left, zone, form + ending) for form in DATE_FORMATS if form not in formats}
        best = max(reads, key=lambda form: int(reads[form].sum()))
        if not reads[best].any():
            break
        formats.append(best)
        left = left[~reads[best]]
    if len(left):
        questions.append(f"{column.name}: {len(left):,} distinct cells fit no date format that was tried.")
    zoneless = column.type == "timestamp" and not _read(column, cells, zone, "iso").all()
    if not formats or (formats == ["iso"] and not zoneless):
        return
    if zoneless:
        questions.append(f"{column.name} states no zone; @local says that its clock times are the pilot's, is that so?")
    keys.setdefault("dates", {})[column.name] = [f"{form} @local" if zoneless else form for form in formats]
    if any("%y" in form for form in formats):
        keys.setdefault("two_digit_years", {})[column.name] = 10 if is_year(column) else 68
    twins = {"%m/%d/%Y": "%d/%m/%Y", "%m/%d/%y": "%d/%m/%y", "%m-%d-%Y": "%d-%m-%Y"}
    swapped = [form for form in formats if form in twins and _read(column, cells, zone, twins[form]).all()]
    if swapped:
        questions.append(f"{column.name}: every date fits {twins[swapped[0]]} as well as {swapped[0]}; which is right?")


def _read(column: Column, cells: pd.Series, zone: ZoneInfo, form: str) -> pd.Series:
    reading = read_cells(cells, column, zone, Manner(formats=(form,)))
    bad = pd.Series(False, index=cells.index)
    for trouble in reading.troubles:
        bad |= trouble.mask
    return ~bad & (reading.values.notna() if not is_year(column) else ~cells.str.fullmatch(r"\d{2,4}"))


def _words(column: Column, cells: pd.Series, keys: dict[str, Any], questions: list[str]) -> None:
    known = {word: canonical for canonical, words in WORDS.get(column.name, {}).items() for word in words}
    if column.name == "employment_status":
        known |= _yes_and_no(str(cells.name))
    own = {word.casefold(): word for word in column.vocabulary}
    meanings, unknown = {}, []
    for word in sorted(cells.drop_duplicates()):
        plain = " ".join(re.sub(r"[^0-9a-zäöüß]+", " ", word.casefold()).split())
        if word.casefold() in own:
            continue
        if plain in known:
            meanings[word] = known[plain]
        else:
            unknown.append(word)
    if meanings:
        keys.setdefault("values", {})[column.name] = meanings
    if unknown:
        shown = ", ".join(repr(word) for word in unknown[:_FEW]) + (" and more" if len(unknown) > _FEW else "")
        questions.append(f"{column.name}: say in `values` what {shown} means; one of {', '.join(column.vocabulary)}.")


def _yes_and_no(name: str) -> dict[str, str]:
    """Return what yes and no mean in a column of that name; nothing where the name does not say it."""
    said = set(_plain(name).split())
    if said & {*SAYS_WHO_LEFT}:
        return {**dict.fromkeys(YES, "terminated"), **dict.fromkeys(NO, "active")}
    if said & {*SAYS_WHO_STAYED}:
        return {**dict.fromkeys(YES, "active"), **dict.fromkeys(NO, "terminated")}
    return {}


def _people(feed: Feed, chosen: dict[str, str], frame: pd.DataFrame, keys: dict[str, Any]) -> None:
    """Say that managers are given by address or by name, where most of them are that and no ids."""
    if feed.name != "employees":
        addressed = [
            name
            for name, column in chosen.items()
            if feed.column(name).personal == "person_id" and frame[column].fillna("").str.contains("@").mean() > 0.5
        ]
        if addressed:
            keys["by_email"] = addressed
        return
    if not {"manager_id", "employee_id"} <= {*chosen}:
        return
    managers = frame[chosen["manager_id"]].dropna().str.strip()
    managers = managers[managers != ""]
    if managers.empty or managers.isin(frame[chosen["employee_id"]].str.strip()).mean() > 0.5:
        return
    if "email" in chosen and fold(managers).isin(fold(frame[chosen["email"]].dropna())).mean() > 0.5:
        keys["by_email"] = ["manager_id"]
        return
    for columns in _names(frame, {*chosen.values()}):
        own = frame[list(columns)].fillna("").agg(" ".join, axis=1).map(name_key)
        if managers.map(name_key).isin(own).mean() > 0.5:
            keys["by_name"] = {"manager_id": list(columns)}
            return


def _names(frame: pd.DataFrame, taken: set[str]) -> list[tuple[str, ...]]:
    plain = {_plain(column): column for column in frame.columns if column not in taken}
    pairs = [tuple(plain[name] for name in pair) for pair in NAME_COLUMNS if all(name in plain for name in pair)]
    return pairs + [(plain[name],) for name in FULL_NAMES if name in plain]


def _name(feed: Feed, chosen: dict[str, str], file: SourceFile, keys: dict[str, Any]) -> None:
    """Take the snapshot's date from the file's name, where it is there and no column has it."""
    if "as_of" not in feed.names or "as_of" in chosen:
        return
    for form in ("%Y-%m-%d", "%Y_%m_%d", "%Y%m%d", "%d.%m.%Y", "%m-%d-%Y"):
        if len(dates_in_name(file.relative, form)) == 1:
            keys["filename"] = {"as_of": form}
            return
