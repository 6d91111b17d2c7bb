"""Shows in the UI whether each live feed was read in its week; whether its rows are late is `closeout.standing`."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import dagster as dg

from pilot_pipeline.config import Pilot
from pilot_pipeline.feeds.canon import CANON
from pilot_pipeline.operation.weeks import under_way

LIVE = frozenset(name for name, feed in CANON.items() if feed.live or feed.live_from)


def with_deadlines(assets: Sequence[dg.AssetsDefinition], pilot: Pilot, now: datetime) -> list[dg.AssetsDefinition]:
    """Give the live feeds of `pilot.yaml` a deadline, as long as the pilot is under way; nobody reads them after it.

    Dagster looks at when an asset was made, so this tells of a run that did not take place, or that readiness
    stopped before any live data was read.
    """
    if not under_way(pilot.config.pilot, now):
        return list(assets)
    policy = tuesday(pilot)

    def dated(spec: dg.AssetSpec) -> dg.AssetSpec:
        name = spec.key.to_user_string()
        if name not in LIVE or pilot.config.feeds.get(name) is None:
            return spec
        return spec.replace_attributes(freshness_policy=policy)

    return [asset.map_asset_specs(dated) for asset in assets]


def tuesday(pilot: Pilot) -> dg.FreshnessPolicy:
    """Return the deadline: read between the hour of Monday's run and the same hour on Tuesday, in the pilot's zone."""
    hour = pilot.config.operation.run_at_hour
    return dg.FreshnessPolicy.cron(
        deadline_cron=f"0 {hour} * * 2", lower_bound_delta=timedelta(days=1), timezone=pilot.config.pilot.timezone
    )
