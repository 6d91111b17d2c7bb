"""Reads a Qualtrics export, whose header has three rows; which questions are meant is the mapping's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pilot_pipeline.errors import BadInput
from pilot_pipeline.feeds.formats.csv_files import open_records, table_of, told_apart
from pilot_pipeline.feeds.formats.raw import PLAIN, WHOLE_ROW, Fault, Options, RawTable

METADATA = frozenset(
    (
        *("StartDate", "EndDate", "Status", "IPAddress", "Progress", "Duration (in seconds)", "Finished"),
        *("RecordedDate", "ResponseId", "RecipientLastName", "RecipientFirstName", "RecipientEmail"),
        *("ExternalReference", "LocationLatitude", "LocationLongitude", "DistributionChannel", "UserLanguage"),
    )
)
"""What Qualtrics adds to every export; it needs neither mapping nor ignoring."""

_HEADER_ROWS = 3
_TRIALS = frozenset(("1", "2", "survey preview", "survey test"))
_TRIAL = "The answer was given while trying the survey out, not by a participant."


def parse_qualtrics(data: bytes, place: str, options: Options = PLAIN) -> RawTable:
    """Read an export in CSV: names, then questions, then import ids, then answers; previews are refused.

    Raises:
        BadInput: the file is empty, or its third row holds no import ids.
    """
    records, notes = open_records(data, place, options)
    head = [record for _, record in _take(records, _HEADER_ROWS)]
    if len(head) < _HEADER_ROWS or not _import_ids(head[2]) or isinstance(head[0], str):
        raise BadInput(
            f"{place} is no Qualtrics export: the third row of its header should hold import ids. "
            "Export as CSV with the usual headers, or read it with format: csv."
        )
    names = [name.strip() or f"unnamed_{number}" for number, name in enumerate(head[0], start=1)]
    header, twice = told_apart(names, place)
    table = table_of(header, records, place, (*notes, *twice))
    return replace(table, faults=(*table.faults, *_trials(table)), known=METADATA)


def _take(records: Iterator[tuple[int, list[str] | str]], count: int) -> Iterator[tuple[int, list[str] | str]]:
    for _, found in zip(range(count), records, strict=False):
        yield found


def _import_ids(record: list[str] | str) -> bool:
    return not isinstance(record, str) and any('"ImportId"' in cell for cell in record)


def _trials(table: RawTable) -> Iterator[Fault]:
    if "Status" not in table.frame:
        return
    trial = table.frame["Status"].str.strip().str.casefold().isin(_TRIALS).to_numpy()
    for position in trial.nonzero()[0]:
        yield Fault(int(position), WHOLE_ROW, "preview", _TRIAL)
