"""The door: a feed's files become accepted, pseudonymised rows and a quarantine with reasons; storing is elsewhere."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd

from pilot_pipeline.config import FeedSource
from pilot_pipeline.feeds.canon import Feed
from pilot_pipeline.feeds.formats.raw import WHOLE_ROW, SourceFile
from pilot_pipeline.feeds.formats.readers import read_source
from pilot_pipeline.feeds.gaps import gap_sentences
from pilot_pipeline.feeds.mapping import Mapped, map_to_canon
from pilot_pipeline.feeds.quarantine import Contract, Finding, split, where
from pilot_pipeline.feeds.resolving import AMBIGUOUS, resolve_addresses
from pilot_pipeline.privacy.addresses import ADDRESS, ADDRESS_REMOVED
from pilot_pipeline.privacy.private_files import write_private
from pilot_pipeline.privacy.pseudonyms import IDENTITY_COLUMNS, Pseudonyms
from pilot_pipeline.privacy.scan import IdentifierScan

QUARANTINE_COLUMNS = ("feed", "file", "row", "column_name", "rule", "reason", "row_digest", "dated")
"""One row per finding; `dated` is the row's own date where it can be read: evidence leaves out later rows by it."""


@dataclass(frozen=True)
class FeedRead:
    """What came in: rows_read = rows_accepted + rows_quarantined, always; `reasons` with their counts, one per line."""

    feed: str
    rows_read: int
    rows_accepted: int
    rows_quarantined: int
    reasons: str
    fresh_as_of: date | None


@dataclass(frozen=True)
class Intake:
    """A feed as it came through the door.

    Attributes:
        frame: accepted rows in canonical columns, ids pseudonymised, sorted by key; employees also has id_rank.
        quarantine: `QUARANTINE_COLUMNS`, one row per finding.
        read: the counts.
        sources: path, sha256 of every file.
        identities: pseudonym, kind (person, email), identifier, of accepted and quarantined rows alike.
        notes: what was repaired, and the gaps.
        gaps: what the feed lacks and what that costs, in sentences.
    """

    frame: pd.DataFrame
    quarantine: pd.DataFrame
    read: FeedRead
    sources: pd.DataFrame
    identities: pd.DataFrame
    notes: tuple[str, ...]
    gaps: tuple[str, ...] = ()


def take_in(
    feed: Feed,
    source: FeedSource,
    root: Path,
    contracts: Sequence[Contract],
    pseudonyms: Pseudonyms,
    zone: ZoneInfo,
    *,
    before: date | None = None,
    people: IdentifierScan | None = None,
    directory: pd.DataFrame | None = None,
) -> Intake:
    """Read, map, pseudonymise and judge one feed.

    Contracts see the canonical frame with ids already pseudonymised, so that no rule can leak an identifier; compare
    it with other feeds' accepted rows, which are pseudonymised too.

    Args:
        feed: the canonical feed.
        source: its mapping.
        root: the pilot's directory.
        contracts: what the rows must hold to.
        pseudonyms: the pilot's.
        zone: the pilot's time zone.
        before: of a feed with `live_from`, read only rows dated earlier.
        people: the people known so far, who are taken out of free text; addresses are in any case.
        directory: feeds.employees, by which ids are found that the mapping says are e-mail addresses (`by_email`).

    Raises:
        BadInput: a file or the mapping cannot be used at all.
    """
    files = read_source(source, root, feed.name)
    mapped = map_to_canon(files, source, feed, zone, before=before)
    addresses = () if feed.name == "employees" else source.by_email
    frame, identities = _pseudonymise(feed, mapped.frame, pseudonyms, people, addresses)
    frame, unknown = _found_by_address(frame, addresses, directory)
    findings = _all_findings(mapped, unknown, frame, contracts)
    parts = split(frame, findings)
    accepted = parts.accepted.sort_values(list(feed.key), kind="stable", ignore_index=True)
    quarantine = _quarantine(feed, mapped, frame, findings, pseudonyms)
    fresh = _dates(feed, accepted).max() if len(accepted) else pd.NaT
    read = FeedRead(
        feed=feed.name,
        rows_read=len(frame),
        rows_accepted=len(accepted),
        rows_quarantined=len(parts.quarantined),
        reasons=_reasons(findings),
        fresh_as_of=None if pd.isna(fresh) else fresh.date(),
    )
    gaps = tuple(gap_sentences(feed, mapped.frame, mapped.never_filled))
    notes = (*mapped.notes, *gaps, *_dropped(feed, mapped, before))
    return Intake(accepted, quarantine, read, _sources(files), identities, notes, gaps)


def write_quarantine(directory: Path, intake: Intake) -> Path | None:
    """Write `<feed>.csv` (row as `file:line`, column, reason), 0600 in a 0700 directory; without findings, remove it.

    The file goes back to the feed's owner, so it names places and reasons and quotes no cell.

    Returns:
        The file, or None where there is nothing to say.
    """
    path = directory / f"{intake.read.feed}.csv"
    if intake.quarantine.empty:
        path.unlink(missing_ok=True)
        return None
    rows = intake.quarantine
    table = pd.DataFrame(
        {"row": rows["file"] + ":" + rows["row"].astype("str"), "column": rows["column_name"], "reason": rows["reason"]}
    )
    write_private(path, table.to_csv(index=False, lineterminator="\n").encode())
    return path


def _pseudonymise(
    feed: Feed, frame: pd.DataFrame, pseudonyms: Pseudonyms, people: IdentifierScan | None, addresses: Sequence[str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Replace ids and addresses, clean free text, and return the identities that were replaced."""
    columns = {name: frame[name] for name in feed.names}
    found = []
    for column in feed.columns:
        values = frame[column.name]
        if column.personal in ("person_id", "email"):
            kind = "email" if column.personal == "email" or column.name in addresses else "person"
            columns[column.name] = (pseudonyms.email if kind == "email" else pseudonyms.person)(values)
            known = pd.DataFrame({"pseudonym": columns[column.name], "kind": kind, "identifier": values})
            found.append(known.dropna().drop_duplicates().astype("str"))
        elif column.personal == "free_text":
            values = values.str.replace(ADDRESS, ADDRESS_REMOVED, regex=True)
            columns[column.name] = values.map(people.without, na_action="ignore").astype("str") if people else values
    if feed.name == "employees":
        columns["id_rank"] = frame["employee_id"].rank(method="dense").astype("Int64")
    empty = pd.DataFrame({name: pd.Series(dtype="str") for name in IDENTITY_COLUMNS})
    identities = pd.concat(found, ignore_index=True) if found else empty
    identities = identities.drop_duplicates().sort_values(list(IDENTITY_COLUMNS), ignore_index=True)
    return pd.DataFrame(columns, index=frame.index), identities


def _found_by_address(
    frame: pd.DataFrame, columns: Sequence[str], directory: pd.DataFrame | None
) -> tuple[pd.DataFrame, list[Finding]]:
    """Put people where columns of ids hold addresses; an address of nobody, or of several, is a finding."""
    found: list[Finding] = []
    for name in columns:
        resolved = resolve_addresses(frame[name], directory)
        nobody = frame[name].notna() & ~resolved.found & ~resolved.several
        found += where(nobody, name, "orphan", f"{name} is an e-mail address of nobody in the employees feed.")
        found += where(resolved.several, name, AMBIGUOUS, f"{name} is an e-mail address that several people share.")
        frame = frame.assign(**{name: resolved.ids})
    return frame, found


def _all_findings(
    mapped: Mapped, unknown: Sequence[Finding], frame: pd.DataFrame, contracts: Sequence[Contract]
) -> list[Finding]:
    """Return each trouble once: a cell that could not be read is not also reported as missing."""
    found = [*mapped.findings, *unknown]
    told = {(finding.row, finding.column) for finding in found}
    unread = {finding.row for finding in found if finding.column == WHOLE_ROW}
    for contract in contracts:
        judged = contract.findings(frame)
        found += [f for f in judged if (f.row, f.column) not in told and f.row not in unread]
    return sorted(dict.fromkeys(found), key=lambda f: (f.row, f.column, f.rule, f.reason))


def _quarantine(
    feed: Feed, mapped: Mapped, frame: pd.DataFrame, findings: Sequence[Finding], pseudonyms: Pseudonyms
) -> pd.DataFrame:
    rows = [finding.row for finding in findings]
    distinct = mapped.raw.loc[sorted(set(rows))]
    cells = zip(*(distinct[name].where(distinct[name].notna(), None) for name in feed.names), strict=True)
    digests = {row: pseudonyms.digest(json.dumps(values)) for row, values in zip(distinct.index, cells, strict=True)}
    origins = mapped.origins.loc[rows].reset_index(drop=True)
    return pd.DataFrame(
        {
            "feed": pd.Series(feed.name, index=origins.index, dtype="str"),
            "file": origins["file"],
            "row": origins["row"].astype("int64"),
            "column_name": pd.Series([finding.column for finding in findings], dtype="str"),
            "rule": pd.Series([finding.rule for finding in findings], dtype="str"),
            "reason": pd.Series([finding.reason for finding in findings], dtype="str"),
            "row_digest": pd.Series([digests[row] for row in rows], dtype="str"),
            "dated": _dates(feed, frame.loc[rows]).reset_index(drop=True),
        }
    )


def _dates(feed: Feed, frame: pd.DataFrame) -> pd.Series:
    """Return when each row is from: the date of its key, else its first required date; all empty where it has none."""
    dated = [c.name for c in feed.columns if c.type in ("date", "timestamp") and not c.nullable]
    chosen = next((name for name in dated if name in feed.key), next(iter(dated), None))
    if chosen is None:
        return pd.Series(pd.NaT, index=frame.index, dtype="datetime64[us]")
    return frame[chosen]


def _reasons(findings: Sequence[Finding]) -> str:
    """Count rows per column and reason, the most frequent first."""
    counts = Counter((finding.column, finding.reason) for finding in findings)
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return "\n".join(f"{count} {'row' if count == 1 else 'rows'}, {column}: {why}" for (column, why), count in ordered)


def _sources(files: Sequence[SourceFile]) -> pd.DataFrame:
    paths, digests = [file.relative for file in files], [file.sha256 for file in files]
    return pd.DataFrame({"path": pd.Series(paths, dtype="str"), "sha256": pd.Series(digests, dtype="str")})


def _dropped(feed: Feed, mapped: Mapped, before: date | None) -> Iterator[str]:
    if mapped.dropped:
        yield f"{feed.name}: rows dated from {before} on are live data and were not looked at ({mapped.dropped:,})."
