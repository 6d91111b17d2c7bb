"""The instant of a run, the same for every asset and check in it; the weeks of a run are `assets.stage`."""

from collections.abc import Mapping
from datetime import UTC, datetime

NOW_TAG = "pilot/now"


def run_instant(tags: Mapping[str, str]) -> datetime:
    """Return the run's instant, naive UTC: its tag where `pilot run --now` set one, else the clock."""
    tag = tags.get(NOW_TAG)
    return datetime.fromisoformat(tag) if tag else datetime.now(UTC).replace(tzinfo=None, microsecond=0)
