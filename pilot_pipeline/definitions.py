"""The composition root: puts a pilot's assets, checks, jobs and schedules together; what they do stands elsewhere."""

import os
import warnings
from pathlib import Path
from typing import Any

import dagster as dg

# Single-run backfills are what makes twelve weeks one run; the notice that they are beta is for us, not for users.
warnings.filterwarnings("ignore", category=dg.BetaWarning)

from assets import (  # noqa: E402
    alerting,
    closeout,
    cohort,
    exposure,
    fairness,
    feeds,
    freshness,
    jobs,
    operation,
    published,
    readiness,
    sensors,
    value,
    weekly,
)
from assets.live import refuse_unguarded  # noqa: E402
from assets.requests import CLOCK, PILOT_WEEK, clock  # noqa: E402
from assets.schedules import weekly_schedule  # noqa: E402
from assets.sql import model_assets  # noqa: E402
from assets.stage import LIVE_TAG  # noqa: E402
from assets.upstream import UPSTREAM, upstream_feeds  # noqa: E402
from checks.checkpoints import checkpoint_checks  # noqa: E402
from checks.lateness import lateness_check  # noqa: E402
from checks.operational import operational_checks  # noqa: E402
from checks.turn import TURN, turn_resource  # noqa: E402
from pilot_pipeline.config import Home, Pilot, load_pilot, parse_config  # noqa: E402
from pilot_pipeline.simulation.template import example_config  # noqa: E402
from pilot_pipeline.warehouse.models import load_models  # noqa: E402

CONFIG_VARIABLE = "PILOT_CONFIG"


class NoHiddenStorage(dg.IOManager):
    """Refuses to store an asset's return value, which Dagster would otherwise pickle to disk in silence."""

    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
        """Raise: rows are written through the warehouse only."""
        raise dg.DagsterInvariantViolationError(
            f"{context.asset_key.to_user_string()} returned a value; assets write through the warehouse and return "
            "MaterializeResult."
        )

    def load_input(self, context: dg.InputContext) -> Any:
        """Raise: rows are read from the warehouse only."""
        raise dg.DagsterInvariantViolationError("Assets read from the warehouse, not from one another's values.")


def week_partitions(pilot: Pilot) -> dg.WeeklyPartitionsDefinition:
    """Return the pilot's weeks, Monday to Monday in its time zone; only finished weeks exist."""
    section = pilot.config.pilot
    return dg.WeeklyPartitionsDefinition(
        start_date=section.starts_on.isoformat(),
        end_date=section.ends_on.isoformat(),
        day_offset=1,
        timezone=section.timezone,
    )


def build_defs(
    pilot: Pilot,
    extra_assets: list[dg.AssetsDefinition] | None = None,
    resources: dict[str, Any] | None = None,
    now: CLOCK = clock,
) -> dg.Definitions:
    """Return the pilot's definitions; sensors and deadlines ask `now` for the present instant.

    Raises:
        ValueError: an asset downstream of live data was not made with `@live_asset`.
    """
    weeks = week_partitions(pilot)
    assets = [
        *feeds.feed_assets(),
        *cohort.ASSETS,
        *readiness.ASSETS,
        *fairness.ASSETS,
        *weekly.weekly_assets(weeks),
        *operation.operation_assets(weeks),
        *value.ASSETS,
        *closeout.ASSETS,
        *exposure.ASSETS,
        *published.ASSETS,
    ]
    live = {key: LIVE_TAG in asset.tags_by_key[dg.AssetKey(key)] for asset in assets for key in _names(asset)}
    assets += model_assets(load_models().values(), live, weeks, weekly.SUMMARIES)
    assets += extra_assets or []
    assets = freshness.with_deadlines(assets, pilot, now())
    refuse_unguarded(assets)
    every = [name for asset in assets for name in _names(asset)]
    every_job = {job.name: job for job in jobs.jobs(every, _calm(assets))}
    return dg.Definitions(
        assets=assets,
        asset_checks=[*checkpoint_checks(), lateness_check(), *operational_checks()],
        jobs=list(every_job.values()),
        schedules=[weekly_schedule(every_job[PILOT_WEEK], pilot)],
        sensors=[
            sensors.arriving_feeds(every_job[PILOT_WEEK], every_job[jobs.READINESS], pilot, now),
            sensors.close_out(every_job[PILOT_WEEK], pilot, now),
            sensors.killed_runs(pilot),
            sensors.publish_the_block(every_job[jobs.PUBLISH_BLOCK]),
            *alerting.alert_sensors(pilot, now),
        ],
        resources={
            "pilot": pilot,
            TURN: turn_resource(pilot),
            UPSTREAM: upstream_feeds(assets),
            "io_manager": NoHiddenStorage(),
            **(resources or {}),
        },
        executor=dg.in_process_executor,
    )


def locate_pilot() -> Pilot:
    """Return the pilot that `PILOT_CONFIG` names, else the one here or the demo's, else the documented example.

    The example lets the definitions load in a checkout without a pilot; its feeds do not exist, and running it says so.
    """
    named = os.environ.get(CONFIG_VARIABLE)
    if named:
        return load_pilot(Path(named))
    for candidate in (Path("pilot.yaml"), Path("pilot-demo/pilot.yaml")):
        if candidate.is_file():
            return load_pilot(candidate)
    config = parse_config(example_config(), {"PILOT_PSEUDONYM_KEY": "an example, never used"}, "the example")
    return Pilot(config=config, home=Home(Path.cwd() / "pilot-demo"))


@dg.definitions
def defs() -> dg.Definitions:
    """What Dagster loads."""
    return build_defs(locate_pilot())


def _names(asset: dg.AssetsDefinition) -> list[str]:
    return [key.to_user_string() for key in asset.keys]


def _calm(assets: list[dg.AssetsDefinition]) -> list[str]:
    """Names of the assets that touch no live data."""
    return [key.to_user_string() for asset in assets for key in asset.keys if LIVE_TAG not in asset.tags_by_key[key]]
