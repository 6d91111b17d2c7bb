"""`pilot.lock.json`: KPIs, targets, cohort and decision rule, frozen with a SHA-256; forming the cohort is `cohort`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from pilot_pipeline import __version__
from pilot_pipeline.config import PilotConfig
from pilot_pipeline.errors import BadInput

LOCKED_SECTIONS = ("kpis", "decision", "cohort", "fairness")
LOCKED_PILOT_KEYS = ("starts_on", "weeks", "timezone")
State = Literal["witnessed", "attested"]


@dataclass(frozen=True)
class Lock:
    """A lock as read back from disk.

    `sha256` is that of the file's bytes. `state` is witnessed where the lock was made on its own date, attested where
    somebody back-dated it.
    """

    data: Mapping[str, Any]
    sha256: str

    @property
    def locked_on(self) -> date:
        """The day from which the lock holds."""
        return date.fromisoformat(self.data["locked_on"])

    @property
    def state(self) -> State:
        """Whether the date was witnessed by the clock or attested by a person's role."""
        return "attested" if self.data["attested_by"] else "witnessed"

    @property
    def attested_by(self) -> str | None:
        """The role that attested a back-dated lock."""
        role: str | None = self.data["attested_by"]
        return role

    @property
    def members(self) -> pd.DataFrame:
        """The locked cohort, one row a person, columns as in cohort.cohort_members."""
        return pd.DataFrame(self.data["members"])

    def deviations(self, config: PilotConfig, match_hash: str | None = None) -> tuple[str, ...]:
        """Name every locked key with another value today, and a cohort that no longer follows from the feeds.

        A key that the lock does not know came with a later version of this program; it changes nothing by its default.
        """
        today, locked = dict(_leaves(_locked_settings(config))), dict(_leaves(self.data["settings"]))
        usual = dict(_leaves(_locked_settings(_with_defaults(config))))
        changed = list(_undeclared(locked, today))
        both = _further_in(locked) & _further_in(today) | {None}
        changed += [
            f"{key} was locked at {_shown(locked.get(key))} and is now {_shown(today.get(key))}."
            for key in sorted(locked.keys() | today.keys())
            if _further_of(key) in both and locked.get(key, usual.get(key)) != today.get(key)
        ]
        if match_hash is not None and match_hash != self.data["match_hash"]:
            changed.append(
                "The matched pairs that follow from today's feeds are not the locked ones; the locked ones count."
            )
        return tuple(changed)


def build_lock(
    config: PilotConfig,
    members: pd.DataFrame,
    match_hash: str,
    snapshot: date,
    locked_on: date,
    made_at: datetime,
    attested_by: str | None,
    *,
    today: date,
) -> dict[str, Any]:
    """Return the lock's content.

    Args:
        config: what is frozen.
        members: columns of cohort.cohort_members, people as pseudonyms.
        match_hash: that of the match.
        snapshot: `as_of` of the HRIS snapshot that it rests on.
        locked_on: the day from which the lock holds.
        made_at: the run's instant, naive UTC; a run's `--now` may lie in the past.
        attested_by: the role that vouches for a day in the past.
        today: by the clock: only a lock of today is witnessed.

    Raises:
        BadInput: the lock would be back-dated without anyone attesting it, or dated into the future.
    """
    if locked_on > today:
        raise BadInput(f"--as-of {locked_on} lies in the future; a lock can be made today or back-dated.")
    if locked_on < today and not attested_by:
        raise BadInput(
            f"--as-of {locked_on} back-dates the lock; name the role that attests it with --attested-by, for example "
            "--attested-by 'works council'."
        )
    rows = json.loads(members.sort_values("employee_id").to_json(orient="records", double_precision=15))
    return {
        "format": 1,
        "locked_on": locked_on.isoformat(),
        "made_at": made_at.replace(microsecond=0).isoformat(),
        "attested_by": attested_by if locked_on < today else None,
        "settings": _locked_settings(config),
        "snapshot": snapshot.isoformat(),
        "match_hash": match_hash,
        "members": rows,
        "members_sha256": _digest(rows),
        "code_version": __version__,
    }


def write_lock(path: Path, lock: Mapping[str, Any]) -> str:
    """Write the lock once and return its SHA-256.

    Raises:
        BadInput: there is a lock already; it is never overwritten.
    """
    if path.exists():
        raise BadInput(f"{path.name} exists already; a lock is made once. Move it away only if the pilot starts anew.")
    content = _canonical(lock)
    partial = path.with_suffix(".partial")
    partial.write_bytes(content)
    partial.replace(path)
    return hashlib.sha256(content).hexdigest()


def read_lock(path: Path) -> Lock | None:
    """Read the lock, or return None where there is none.

    Raises:
        BadInput: the file is not a lock, or its cohort was edited.
    """
    if not path.exists():
        return None
    content = path.read_bytes()
    try:
        data = json.loads(content)
        lock = Lock(data=data, sha256=hashlib.sha256(content).hexdigest())
        intact = _digest(data["members"]) == data["members_sha256"] and lock.locked_on is not None
    except (ValueError, KeyError, TypeError):
        raise BadInput(f"{path.name} is not a readable lock; restore the file that `pilot lock` wrote.") from None
    if not intact:
        raise BadInput(f"{path.name}: the locked cohort was edited; restore the file that `pilot lock` wrote.")
    return lock


def _locked_settings(config: PilotConfig) -> dict[str, Any]:
    full = config.model_dump(mode="json")
    settings = {section: full[section] for section in LOCKED_SECTIONS}
    settings["kpis"] = _kpis_by_name(full["kpis"])
    settings["pilot"] = {key: full["pilot"][key] for key in LOCKED_PILOT_KEYS}
    # How the answers travel is not part of the rule; what is asked is.
    settings["fairness"] = {k: v for k, v in settings["fairness"].items() if k != "recommender"}
    if config.rehearsal:  # so that a rehearsal cannot be turned into a pilot afterwards
        settings["rehearsal"] = full["rehearsal"]
    return settings


def _kpis_by_name(kpis: dict[str, Any]) -> dict[str, Any]:
    """Put the further KPIs by their names; without one the section is that of the five, as it always was."""
    five = {name: section for name, section in kpis.items() if name != "further"}
    further = {kpi["name"]: {k: v for k, v in kpi.items() if k != "name"} for kpi in kpis["further"]}
    return {**five, "further": further} if further else five


def _undeclared(locked: Mapping[str, Any], today: Mapping[str, Any]) -> Iterator[str]:
    """Say which further KPIs came or went, each in one sentence instead of one per key."""
    before, now = _further_in(locked), _further_in(today)
    yield from (f"kpis.further.{name} was not locked and is declared now." for name in sorted(map(str, now - before)))
    yield from (f"kpis.further.{name} was locked and is declared no more." for name in sorted(map(str, before - now)))


def _further_in(leaves: Mapping[str, Any]) -> set[str | None]:
    return {name for key in leaves if (name := _further_of(key))}


def _further_of(key: str) -> str | None:
    """Return the further KPI that a key is about."""
    parts = key.split(".")
    return parts[2] if parts[:2] == ["kpis", "further"] else None


def _with_defaults(config: PilotConfig) -> PilotConfig:
    """Return the configuration with every locked section as it is when nobody writes anything there."""
    return config.model_copy(update={section: type(getattr(config, section))() for section in LOCKED_SECTIONS})


def _leaves(node: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield from _leaves(value, f"{prefix}.{key}" if prefix else str(key))
    else:
        yield prefix, node


def _shown(value: Any) -> str:
    return "not set" if value is None else json.dumps(value, ensure_ascii=False)


def _canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def _digest(value: Any) -> str:
    return hashlib.sha256(_canonical(value)).hexdigest()
