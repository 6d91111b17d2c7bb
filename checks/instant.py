"""The instant of a run, the same for every asset and check in it; the weeks of a run are `assets.stage`."""

from datetime import UTC, datetime

import dagster as dg

NOW_TAG = "pilot/now"


def run_instant(context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext) -> datetime:
    """Return the run's instant, naive UTC: its tag where one was set, else when the run was made (from the UI)."""
    tag = context.run.tags.get(NOW_TAG)
    if tag:
        return datetime.fromisoformat(tag)
    record = context.instance.get_run_record_by_id(context.run.run_id)
    made = record.create_timestamp if record else datetime.now(UTC)
    return made.astimezone(UTC).replace(tzinfo=None, microsecond=0)
