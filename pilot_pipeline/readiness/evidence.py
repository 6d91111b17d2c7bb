"""What each checkpoint's evidence is and its hash; recording and asserting it is `golive`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime

import numpy as np
import pandas as pd
from pydantic import BaseModel

from pilot_pipeline.config.models import PilotConfig
from pilot_pipeline.config.planning import PilotSection

_FIELD = "\x1f"
_ESCAPES = str.maketrans({"\\": "\\\\", _FIELD: "\\f", "\n": "\\n", "\r": "\\r"})
_QUARANTINED = ("column_name", "rule", "row_digest")


class Evidence(str):
    """The SHA-256 (hex) of what a checkpoint judged, which knows the digest of each part that it is made of.

    `parts` has the words for a part (`the rows of employees`, `readiness.max_quarantine_share`) and its digest, so
    that whoever finds the hash changed can say what it was.
    """

    parts: Mapping[str, str]

    def __new__(cls, parts: Mapping[str, str]) -> Evidence:
        """Combine the digests of parts."""
        lines = "".join(f"{name.translate(_ESCAPES)} {parts[name]}\n" for name in sorted(parts))
        made = super().__new__(cls, hashlib.sha256(lines.encode()).hexdigest())
        made.parts = dict(parts)
        return made


def evidence_hash(frames: Mapping[str, pd.DataFrame | None], sections: Mapping[str, object]) -> Evidence:
    """Return the hash of rows and configuration.

    The order of rows, columns, frames and keys does not matter, nor how pandas stores a value: 3 and 3.0, a date and
    its midnight, None, NaN, NaT and NA are the same. How often a row occurs matters, and an absent frame (None)
    differs from an empty one.

    Args:
        frames: name to rows.
        sections: name to a pydantic model or to plain values that JSON can hold; dates as ISO text.
    """
    parts = {_words(name): _digest(_lines(rows)) for name, rows in frames.items()}
    for name, section in sections.items():
        value = json.dumps(_plain(section), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        parts[f"the setting {name}"] = _digest([value])
    return Evidence(parts)


def _words(name: str) -> str:
    return "the rows in quarantine" if name == "quarantine" else f"the rows of {name}"


def _digest(lines: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for line in lines:
        digest.update(line.encode("utf-8", "surrogatepass"))
        digest.update(b"\n")
    return digest.hexdigest()


def start_instant(pilot: PilotSection) -> pd.Timestamp:
    """Return the first instant of `starts_on` in the pilot's zone, as naive UTC."""
    return pd.Timestamp(pilot.starts_on).tz_localize(pilot.zone).tz_convert("UTC").tz_localize(None)


def prelaunch_tests(signins: pd.DataFrame, pilot: PilotSection) -> pd.DataFrame:
    """Return the sign-ins that the SSO checkpoint judges: tests before the pilot starts."""
    tested = signins["is_test"].fillna(False).astype(bool) & (signins["occurred_at"] < start_instant(pilot))
    return signins.loc[tested]


def hris_evidence(
    snapshot: pd.DataFrame, quarantine: pd.DataFrame | None, config: PilotConfig, before: int | None = None
) -> Evidence:
    """Return the hash of what `hris_feed` judges.

    Args:
        snapshot: feeds.employees, the rows of one `as_of`.
        quarantine: feeds.quarantine rows of employees; see `judged_quarantine`.
        config: the pilot's.
        before: people in the snapshot before, with which this one is compared.
    """
    as_of = pd.Timestamp(snapshot["as_of"].max()) if len(snapshot) else None
    rejected = judged_quarantine(quarantine, on=as_of)
    limits = config.readiness
    sections = {
        "readiness.max_quarantine_share": limits.max_quarantine_share,
        "readiness.max_hris_faults": limits.max_hris_faults,
        "readiness.max_volume_change": limits.max_volume_change,
        "cohort.exact": "manager_id" in config.cohort.exact,
    }
    # The rank is counted over all snapshots: somebody who joins later would expire what was judged before.
    snapshot = snapshot.drop(columns="id_rank", errors="ignore")
    earlier = pd.DataFrame({"people": [before]})
    return evidence_hash({"employees": snapshot, "quarantine": rejected, "the snapshot before": earlier}, sections)


def sso_evidence(
    signins: pd.DataFrame | None,
    quarantine: pd.DataFrame | None,
    snapshot: pd.DataFrame,
    members: pd.DataFrame,
    config: PilotConfig,
) -> Evidence:
    """Return the hash of what `sso_matrix` judges: test rows, whose they are, and the cohort's divisions."""
    division = config.readiness.sso_division
    tests = None if signins is None else prelaunch_tests(signins, config.pilot)
    emails = set() if tests is None else set(tests["email"].dropna())
    people = snapshot.loc[snapshot["email"].isin(emails), ["email", division]]
    cohort = snapshot.loc[snapshot["employee_id"].isin(members["employee_id"]), [division]].drop_duplicates()
    frames = {
        "sso_signins": tests,
        "quarantine": judged_quarantine(quarantine, before=start_instant(config.pilot)),
        "people": people,
        "divisions": cohort,
    }
    sections = {
        "pilot.starts_on": config.pilot.starts_on,
        "readiness.sso": [division, sorted(config.readiness.sso_personas)],
    }
    return evidence_hash(frames, sections)


def pathways_evidence(
    pathways: pd.DataFrame | None,
    competencies: pd.DataFrame | None,
    quarantine: pd.DataFrame | None,
    members: pd.DataFrame,
    workforce: pd.DataFrame,
    config: PilotConfig,
) -> Evidence:
    """Return the hash of what `pathways` judges: both tables, the cohort's roles, and who has which role at all.

    `workforce` holds the columns that `pathways.reachable_by` returns.
    """
    frames = {
        "pathways": pathways,
        "competencies": competencies,
        "quarantine": judged_quarantine(quarantine),
        "roles of the cohort": members[["role"]].drop_duplicates(),
        "roles of the workforce": workforce,
    }
    return evidence_hash(frames, {"privacy.min_group_size": config.privacy.min_group_size})


def synthetic_evidence(answers: pd.DataFrame | None, quarantine: pd.DataFrame | None, config: PilotConfig) -> Evidence:
    """Return the hash of what `synthetic_audit` judges: the answers with their model_version, and the audit's rules.

    Synthetic ids are addressed by content, so answers about other twins cannot hash the same as answers about these.
    """
    fairness = config.fairness.model_dump(mode="json", exclude={"recommender"})
    sections = {"fairness": fairness, "cohort.seed": config.cohort.seed}
    if config.fairness.recommender.model_version:
        sections["fairness.recommender.model_version"] = config.fairness.recommender.model_version
    return evidence_hash({"answers": answers, "quarantine": judged_quarantine(quarantine)}, sections)


def judged_quarantine(
    quarantine: pd.DataFrame | None, *, on: pd.Timestamp | None = None, before: pd.Timestamp | None = None
) -> pd.DataFrame:
    """Return the part of feeds.quarantine that belongs to the evidence, without its place in a file.

    Where the table says in `dated` when a rejected row is from, rows of another snapshot (`on`) or from `before` on
    are left out, so that rows appended later do not expire go-live. A row whose date is unknown always counts: the
    doubt makes evidence stale, never current.
    """
    if quarantine is None or quarantine.empty:
        return pd.DataFrame({name: pd.Series(dtype="str") for name in _QUARANTINED})
    kept = quarantine
    if "dated" in kept.columns:
        dated = pd.to_datetime(kept["dated"])
        if on is not None:
            kept = kept.loc[dated.isna() | (dated == on)]
        elif before is not None:
            kept = kept.loc[dated.isna() | (dated < before)]
    return kept[[name for name in _QUARANTINED if name in kept.columns]]


def _lines(frame: pd.DataFrame | None) -> list[str]:
    """Return a frame as a header and its rows, sorted, each a line of text."""
    if frame is None:
        return ["absent"]
    names = sorted(str(name) for name in frame.columns)
    header = "columns " + _FIELD.join(name.translate(_ESCAPES) for name in names)
    if not names:
        return [header, str(len(frame))]
    columns = [_tokens(frame[name]) for name in names]
    return [header, *sorted(_FIELD.join(row) for row in zip(*columns, strict=True))]


def _tokens(column: pd.Series) -> list[str]:
    """Return one text per row; in a typed column every distinct value is worded once."""
    if column.dtype == object:
        # Values of several types may be equal without being the same: True and 1.
        return ["-" if pd.isna(value) else _word(value) for value in column]
    codes, values = pd.factorize(column, use_na_sentinel=True)
    words = np.array([*(_word(value) for value in values), "-"], dtype=object)
    return list(words[codes])


def _word(value: object) -> str:
    if isinstance(value, (bool, np.bool_)):
        return f"b{int(value)}"
    if isinstance(value, (int, np.integer)):
        return f"n{int(value)}"
    if isinstance(value, (float, np.floating)):
        number = float(value)
        return f"n{int(number)}" if number.is_integer() else f"n{number!r}"
    if isinstance(value, (datetime, np.datetime64)):
        return f"t{pd.Timestamp(value).as_unit('us').isoformat(timespec='microseconds')}"
    if isinstance(value, date):
        return f"t{pd.Timestamp(value).as_unit('us').isoformat(timespec='microseconds')}"
    return f"s{str(value).translate(_ESCAPES)}"


def _plain(value: object) -> object:
    """Return configuration as JSON holds it."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, date):
        return value.isoformat()
    return value
