"""Notices that files of the feeds are new or changed, by looking at names, sizes and times; reading them is `feeds`."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, replace
from json import dumps, loads

from pilot_pipeline.config import Pilot
from pilot_pipeline.errors import BadInput
from pilot_pipeline.feeds.canon import CANON
from pilot_pipeline.feeds.formats.readers import find_files


@dataclass(frozen=True)
class Watch:
    """What was seen so far.

    Attributes:
        taken: The state of the files that a run was launched for, or that the watch began with.
        settling: A later state, seen once; files are taken up when two looks in a row find the same.
        launches: How many runs were launched.
    """

    taken: str
    settling: str | None = None
    launches: int = 0

    @classmethod
    def from_text(cls, text: str | None) -> Watch | None:
        """Read what `to_text` wrote; None where there is nothing yet."""
        return cls(**loads(text)) if text else None

    def to_text(self) -> str:
        """Write it as JSON."""
        return dumps(asdict(self))


def files_state(pilot: Pilot) -> str:
    """Return a digest of the name, size and time of change of every file of every feed."""
    seen = []
    for feed in CANON:
        source = pilot.config.feeds.get(feed)
        try:
            files = find_files(source.source, pilot.home.root, feed) if source else []
        except BadInput:
            continue  # nothing there yet, or nothing that can be watched; a run says so
        for path in files:
            try:
                about = path.stat()
            except OSError:
                continue  # taken away between listing and looking
            seen.append(f"{feed}\t{path}\t{about.st_size}\t{about.st_mtime_ns}")
    return hashlib.sha256("\n".join(seen).encode()).hexdigest()[:16]


def look(watch: Watch | None, state: str) -> tuple[Watch, bool]:
    """Return what is to be remembered after finding the files in a state, and whether a run is due.

    Files that are still being written change from one look to the next, so a new state must be found twice. The first
    look of all launches nothing: what lies there already is read by the schedule or by hand.
    """
    if watch is None:
        return Watch(state), False
    if state == watch.taken:
        return replace(watch, settling=None), False
    if state != watch.settling:
        return replace(watch, settling=state), False
    return Watch(state, None, watch.launches + 1), True
