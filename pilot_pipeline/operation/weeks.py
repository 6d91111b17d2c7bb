"""Which weeks a run covers: the ones that have ended, those never run, and the look-back; running them is Dagster's."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from pilot_pipeline.config.planning import PilotSection


def finished_weeks(section: PilotSection, now: datetime) -> int:
    """Return how many weeks have ended at `now` (naive UTC), in the pilot's time zone."""
    today = now.replace(tzinfo=UTC).astimezone(section.zone).date()
    return min(max((today - section.starts_on).days // 7, 0), section.weeks)


def under_way(section: PilotSection, now: datetime) -> bool:
    """Say whether the weeks run at `now` (naive UTC): from the pilot's first day until a week after its last."""
    today = now.replace(tzinfo=UTC).astimezone(section.zone).date()
    return section.starts_on <= today <= section.ends_on + timedelta(weeks=1)


def weeks_to_run(section: PilotSection, finished: int, run_before: Collection[int], look_back: int) -> range:
    """Return the weeks that a run covers after `finished` weeks: contiguous, and always up to the last that ended.

    The look-back is what keeps the cost of a run from growing with the pilot: so many weeks before the last are
    computed again, because their rows may have come late. A week that was never run is caught up with, however old.
    The close-out, after the last week, covers every week: a decision leaves no late row out.

    Args:
        section: When the pilot runs.
        finished: How many weeks have ended.
        run_before: The weeks that were run at least once.
        look_back: Weeks before the last one that are computed again.
    """
    if finished >= section.weeks:
        return range(1, section.weeks + 1)
    never = next((week for week in range(1, finished + 1) if week not in run_before), finished)
    return range(max(1, min(never, finished - look_back)), finished + 1)


def spelt(weeks: Collection[int]) -> str:
    """Return `week 3`, `weeks 3 to 5` or `weeks 2, 4 and 5`; empty for none."""
    ordered = sorted(set(weeks))
    if len(ordered) < 2:
        return f"week {ordered[0]}" if ordered else ""
    if ordered[-1] - ordered[0] == len(ordered) - 1:
        return f"weeks {ordered[0]} to {ordered[-1]}"
    return f"weeks {', '.join(map(str, ordered[:-1]))} and {ordered[-1]}"
