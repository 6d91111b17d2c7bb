"""When evidence was first seen, what it was made of, and so what changed when it expires; asserting it is `golive`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import pandas as pd

from pilot_pipeline.readiness.evidence import Evidence
from pilot_pipeline.readiness.results import HRIS_FEED, PATHWAYS, SSO_MATRIX, SYNTHETIC_AUDIT
from pilot_pipeline.readiness.store import Store, read_rows, replace_rows, typed

SEEN = "readiness.evidence_seen"
PARTS = "readiness.evidence_parts"
SEEN_COLUMNS: Mapping[str, str] = {"checkpoint": "VARCHAR", "evidence_hash": "VARCHAR", "first_seen_at": "TIMESTAMP"}
PARTS_COLUMNS: Mapping[str, str] = dict.fromkeys(("checkpoint", "evidence_hash", "part", "part_hash"), "VARCHAR")

RERUN: Mapping[str, str] = {
    HRIS_FEED: "`pilot check` judges it again",
    SSO_MATRIX: "`pilot check` judges it again, and names the sign-ins that then have to be tested",
    PATHWAYS: "`pilot check` judges it again",
    SYNTHETIC_AUDIT: "`pilot twins` writes whom to send to the tool, and `pilot check` judges its answers",
}
"""What to do about a checkpoint whose evidence is not current."""


def remember_parts(store: Store, checkpoint: str, evidence: str) -> None:
    """Keep what a piece of evidence was made of, once."""
    if not isinstance(evidence, Evidence):
        return
    earlier = read_rows(store, PARTS, PARTS_COLUMNS)
    if ((earlier["checkpoint"] == checkpoint) & (earlier["evidence_hash"] == str(evidence))).any():
        return
    new = [[checkpoint, str(evidence), part, digest] for part, digest in sorted(evidence.parts.items())]
    rows = typed(pd.DataFrame(new, columns=list(PARTS_COLUMNS)), PARTS_COLUMNS)
    replace_rows(store, PARTS, [earlier, rows], PARTS_COLUMNS)


def changed_parts(store: Store, checkpoint: str, judged: str, current: str) -> str:
    """Return in words what differs between evidence that was judged and that of now; empty where not known."""
    if not isinstance(current, Evidence):
        return ""
    return _difference(_parts(store, checkpoint, judged), current.parts)


def judged_again(store: Store, now: datetime) -> tuple[str, ...]:
    """Return a sentence per checkpoint whose evidence changed and was judged for the first time at `now`.

    Args:
        store: the warehouse.
        now: the run's instant, naive UTC.
    """
    seen = read_rows(store, SEEN, SEEN_COLUMNS).sort_values("first_seen_at", kind="stable")
    sentences = []
    for checkpoint, history in seen.groupby("checkpoint", sort=True):
        if len(history) < 2 or history["first_seen_at"].iloc[-1] != pd.Timestamp(now):
            continue
        before, after = (str(item) for item in history["evidence_hash"].iloc[-2:])
        what = _difference(_parts(store, str(checkpoint), before), _parts(store, str(checkpoint), after))
        since = history["first_seen_at"].iloc[-2].strftime("%Y-%m-%d %H:%M")
        sentences.append(
            f"{checkpoint}: its evidence of {since} UTC had expired, because {what or 'what it judges'} changed; "
            "it was judged again."
        )
    return tuple(sentences)


def _parts(store: Store, checkpoint: str, evidence: str) -> dict[str, str]:
    rows = read_rows(store, PARTS, PARTS_COLUMNS)
    mine = rows.loc[(rows["checkpoint"] == checkpoint) & (rows["evidence_hash"] == evidence)]
    return dict(zip(mine["part"], mine["part_hash"], strict=True))


def _difference(before: Mapping[str, str], after: Mapping[str, str]) -> str:
    """Return the parts that differ, in words; nothing where one side is not known."""
    if not before or not after:
        return ""
    return _and(sorted(part for part in {*before, *after} if before.get(part) != after.get(part)))


def _and(parts: Sequence[str]) -> str:
    return ", ".join(parts[:-1]) + f" and {parts[-1]}" if len(parts) > 1 else "".join(parts)
