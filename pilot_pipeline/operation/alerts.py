"""Words an alert about a pilot: what happened, what to do, never a person; sending it is `sending`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pilot_pipeline.closeout.standing import FeedStanding
from pilot_pipeline.config import Pilot
from pilot_pipeline.privacy.addresses import without_addresses
from pilot_pipeline.privacy.pseudonyms import build_scan, read_identities

Kind = Literal["run_failed", "checkpoint_failed", "feed_late"]
_LONGEST = 600
"""Characters of a sentence from elsewhere; the whole of it stands in the UI."""


@dataclass(frozen=True)
class Alert:
    """One thing that somebody should know.

    Attributes:
        kind: For filters; public.
        title: One line.
        sentences: What happened.
        remedy: What to do.
        pilot: What reports call the pilot.
        run_id: The Dagster run, where there is one.
    """

    kind: Kind
    title: str
    sentences: tuple[str, ...]
    remedy: str
    pilot: str
    run_id: str | None = None

    @property
    def text(self) -> str:
        """All of it as plain text."""
        run = (f"Run {self.run_id}",) if self.run_id else ()
        return "\n".join((self.title, "", *self.sentences, "", self.remedy, *run))

    @property
    def payload(self) -> dict[str, object]:
        """What the webhook gets: `text` is what Slack, Mattermost and Teams show, the rest is for programs."""
        return {
            "text": self.text,
            "kind": self.kind,
            "pilot": self.pilot,
            "title": self.title,
            "sentences": list(self.sentences),
            "remedy": self.remedy,
            "run_id": self.run_id,
        }


def run_failed(pilot: Pilot, job: str, run_id: str, sentences: Sequence[str]) -> Alert:
    """Word the alert about a run that could not do its work."""
    name = pilot.config.pilot.name
    said = _clean(pilot, sentences) or ("No step said why: its process may have been killed.",)
    remedy = "What was published before stands. Mend what it says and launch it again; `pilot status` shows the rest."
    return Alert("run_failed", f"{name}: {job} failed", said, remedy, name, run_id)


def checkpoint_failed(pilot: Pilot, run_id: str, failed: Sequence[tuple[str, str]]) -> Alert:
    """Word the alert about checkpoints (name, what it found) that do not hold: live data stay unread."""
    name = pilot.config.pilot.name
    names = ", ".join(dict.fromkeys(checkpoint for checkpoint, _ in failed))
    said = _clean(pilot, [f"{checkpoint}: {finding}" for checkpoint, finding in failed])
    remedy = "Live data stay unread until it holds. `pilot check` shows every finding and what to do."
    return Alert("checkpoint_failed", f"{name}: {names} does not hold", said, remedy, name, run_id)


def feeds_late(pilot: Pilot, feeds: Sequence[FeedStanding]) -> Alert:
    """Word the alert about feeds that have no row of a week that is over."""
    name = pilot.config.pilot.name
    names = ", ".join(feed.feed for feed in feeds)
    said = _clean(pilot, [f"{feed.feed}: {feed.detail}" for feed in feeds])
    remedy = "The week was computed without it. Drop the missing file into the feed: the week is restated by itself."
    return Alert("feed_late", f"{name}: {names} {'is' if len(feeds) == 1 else 'are'} late", said, remedy, name)


def _clean(pilot: Pilot, sentences: Sequence[str]) -> tuple[str, ...]:
    """Take out known people and every address: an alert leaves the house, so it is not left to those who word it."""
    scan = build_scan(read_identities(pilot.home.identities))
    whole = (sentence.strip() for sentence in dict.fromkeys(sentences) if sentence.strip())
    return tuple(_short(scan.without(without_addresses(sentence))) for sentence in whole)


def _short(sentence: str) -> str:
    return sentence if len(sentence) <= _LONGEST else f"{sentence[:_LONGEST].rstrip()} ..."
