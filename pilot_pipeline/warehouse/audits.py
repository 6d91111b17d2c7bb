"""What every release is asked before it replaces the last one; building and replacing it is `publish`.

An audit is a callable with a name. It gets the tables as they will be published and says, table by table, whether they
pass, in sentences without any cell's content.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any, Protocol, runtime_checkable

import pandas as pd

from pilot_pipeline.privacy.differencing import exposures
from pilot_pipeline.warehouse.models import Model

PERSONAL_COLUMNS = frozenset(
    {"employee_id", "manager_id", "observer_id", "synthetic_id", "twin_id", "pseudonym", "identifier", "row_digest"}
    | {"email", "e_mail", "first_name", "last_name", "full_name", "birth_year", "birth_date", "phone", "hired_on"}
)
_EMAIL = re.compile(r"[^\s@<>\"']+@[^\s@<>\"']+\.[A-Za-z]{2,}")
_EMAIL_PSEUDONYM = re.compile(r"\be_[0-9a-f]{16}\b")
_PERSON_PSEUDONYM = re.compile(r"\bp_[0-9a-f]{16}\b")
_UNIT_COLUMN = "unit"


@dataclass(frozen=True)
class AuditResult:
    """One audit of one table; `detail` is a sentence without any cell's content, empty when it passed."""

    audit: str
    table: str
    passed: bool
    detail: str = ""


class Audit(Protocol):
    """Judges the tables of a release (name to rows, as published) against their models."""

    @property
    def name(self) -> str:
        """What the audit is called in results."""

    def __call__(self, tables: Mapping[str, pd.DataFrame], models: Mapping[str, Model]) -> Sequence[AuditResult]:
        """Return one result per table judged."""


@runtime_checkable
class DocumentAudit(Protocol):
    """An audit that can also read a document of the release, such as the scorecard."""

    def read(self, name: str, content: bytes) -> AuditResult:
        """Return the result for one document."""


class Scan(Protocol):
    """Counts known identifiers in a text (`privacy.scan.IdentifierScan` is one)."""

    def hits(self, text: str) -> int:
        """Return how many known identifiers the text holds."""


@dataclass(frozen=True)
class TableAudit:
    """An audit that asks the same of each table by itself: `faults` yields clauses, none when the table passes."""

    name: str
    faults: Callable[[pd.DataFrame, Model], Iterable[str]]

    def __call__(self, tables: Mapping[str, pd.DataFrame], models: Mapping[str, Model]) -> Sequence[AuditResult]:
        """Return one result per table, its first fault as the detail."""
        results = []
        for table, rows in tables.items():
            fault = next(iter(self.faults(rows, models[table])), "")
            results.append(AuditResult(self.name, table, not fault, f"{table}: {fault}." if fault else ""))
        return results


def _personal_columns(rows: pd.DataFrame, model: Model) -> Iterable[str]:
    for column in rows.columns:
        if str(column).casefold() in PERSONAL_COLUMNS:
            yield f"column {column} is about single people"


def _identifier_shapes(rows: pd.DataFrame, model: Model) -> Iterable[str]:
    for column in _text_columns(rows):
        values = rows[column].dropna().astype(str)
        if values.str.contains(_EMAIL).any():
            yield f"column {column} holds e-mail addresses"
        if values.str.contains(_EMAIL_PSEUDONYM).any():
            yield f"column {column} holds pseudonyms of e-mail addresses"
        if column != _UNIT_COLUMN and values.str.contains(_PERSON_PSEUDONYM).any():
            yield f"column {column} holds pseudonyms of people"


def _emptied_when_suppressed(rows: pd.DataFrame, model: Model) -> Iterable[str]:
    if "suppressed" not in rows:
        return
    hidden = rows[rows["suppressed"].fillna(True).astype(bool)]
    for column in model.columns:
        count = int(hidden[column.name].notna().sum()) if column.measure else 0
        if count:
            yield f"{count} suppressed rows still show {column.name}"


def _text_columns(rows: pd.DataFrame) -> list[str]:
    return [str(c) for c in rows.columns if rows[c].dtype == object or pd.api.types.is_string_dtype(rows[c].dtype)]


NO_PERSONAL_COLUMNS = TableAudit("no_personal_columns", _personal_columns)
NO_IDENTIFIER_SHAPES = TableAudit("no_identifier_shapes", _identifier_shapes)
EMPTIED_WHEN_SUPPRESSED = TableAudit("emptied_when_suppressed", _emptied_when_suppressed)
ALWAYS: tuple[Audit, ...] = (NO_PERSONAL_COLUMNS, NO_IDENTIFIER_SHAPES, EMPTIED_WHEN_SUPPRESSED)
"""Audits that no caller of `publish` can leave out."""


@dataclass(frozen=True)
class NoIdentifiers:
    """Refuses any text of a table or document in which the scan finds a known e-mail, raw id or name (R23)."""

    scan: Scan
    name: str = "no_identifiers"

    def __call__(self, tables: Mapping[str, pd.DataFrame], models: Mapping[str, Model]) -> Sequence[AuditResult]:
        """Return one result per table."""
        return TableAudit(self.name, self._faults)(tables, models)

    def read(self, name: str, content: bytes) -> AuditResult:
        """Judge what a reader sees of a document: of a page its text, not the coordinates of its drawings."""
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError:
            return AuditResult(self.name, name, True, f"{name}: not text, so its parts must be audited on their own.")
        text = visible_text(text) if name.endswith(".html") else text
        shaped = any(shape.search(text) for shape in (_EMAIL, _EMAIL_PSEUDONYM, _PERSON_PSEUDONYM))
        passed = not shaped and self.scan.hits(text) == 0
        detail = "" if passed else f"{name}: it holds a name, e-mail address, id or pseudonym of a person."
        return AuditResult(self.name, name, passed, detail)

    def _faults(self, rows: pd.DataFrame, model: Model) -> Iterable[str]:
        for column in _text_columns(rows):
            found = sum(self.scan.hits(value) > 0 for value in rows[column].dropna().astype(str).unique())
            if found:
                yield f"{found} texts of column {column} hold a known name, e-mail address or id"


def visible_text(html: str) -> str:
    """Return what a page says: text outside style and script, and the attributes that carry text."""
    reader = _TextReader()
    reader.feed(html)
    reader.close()
    return "\n".join(reader.pieces)


class _TextReader(HTMLParser):
    """Collects text; an id of digits would otherwise be found in the coordinates of a drawing."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []
        self._silent = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note attributes that are read out, and when a style or script begins."""
        self._silent = tag in ("style", "script")
        self.pieces += [
            value for key, value in attrs if value and key in ("alt", "title", "aria-label", "content", "href")
        ]

    def handle_endtag(self, tag: str) -> None:
        """Note when a style or script ends."""
        self._silent = False

    def handle_data(self, data: str) -> None:
        """Keep text."""
        if not self._silent:
            self.pieces.append(data)


def minimum_groups(minimum: int) -> Audit:
    """Refuse groups of 1 to `minimum` - 1 people that are shown: `n` of unsuppressed rows, and `affected` (R20)."""

    def faults(rows: pd.DataFrame, model: Model) -> Iterable[str]:
        sizes: dict[str, pd.Series[Any]] = {}
        if "suppressed" in rows and "n" in rows:
            sizes["n"] = rows.loc[~rows["suppressed"].fillna(True).astype(bool), "n"]
        if "affected" in rows:
            sizes["affected"] = rows["affected"]
        for column, shown in sizes.items():
            count = int(((shown > 0) & (shown < minimum)).fillna(False).sum())
            if count:
                yield f"{count} rows show groups of fewer than {minimum} people in {column}"

    return TableAudit("minimum_groups", faults)


@dataclass(frozen=True)
class NothingBySubtraction:
    """Attacks the published units with the true hierarchy: `unit`, `level`, `parent`, `n`, `week_no` (R20)."""

    hierarchy: pd.DataFrame
    minimum: int
    table: str = "manager_signals"
    name: str = "nothing_by_subtraction"

    def __call__(self, tables: Mapping[str, pd.DataFrame], models: Mapping[str, Model]) -> Sequence[AuditResult]:
        """Return one result for the table of units, none where it is not part of the release."""
        if self.table not in tables or tables[self.table].empty:
            return ()
        key = ["week_no", "level", "unit"]
        shown = tables[self.table][[*key, "suppressed"]]
        joined = shown.merge(self.hierarchy[[*key, "parent", "n"]], on=key, how="left", validate="one_to_one")
        strangers = int(joined["n"].isna().sum())
        fault = f"{strangers} units are not in the hierarchy" if strangers else self._reveals(joined)
        return (AuditResult(self.name, self.table, not fault, f"{self.table}: {fault}." if fault else ""),)

    def _reveals(self, joined: pd.DataFrame) -> str:
        found = exposures(joined.assign(suppressed=joined["suppressed"].astype(bool)), self.minimum)
        return f"subtraction tells {len(found)} groups that are too small to show" if found else ""
