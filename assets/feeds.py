"""One asset per feed of the contract: what comes through the door; what it means is judged further on."""

from collections.abc import Callable, Sequence
from typing import Any

import dagster as dg

from assets.live import live_asset
from assets.stage import Body, Stage, stage_asset
from assets.summaries import row_count
from checks.contracts import contract_for, contracts_of_people
from pilot_pipeline.feeds.canon import CANON, Feed
from pilot_pipeline.feeds.intake import Intake, take_in
from pilot_pipeline.feeds.quarantine import Contract
from pilot_pipeline.feeds.rules import DeclaredMetrics, ManagementLine
from pilot_pipeline.feeds.storing import feed_table, store_absence, store_intake
from pilot_pipeline.privacy.pseudonyms import Pseudonyms, read_identities
from pilot_pipeline.privacy.scan import IdentifierScan, build_scan

_CLEANED_OR_FOUND = ("person_id", "free_text")
"""Kinds of columns that need to know who works here: ids may be given by address, free text is cleaned of people."""


def _needs(feed: Feed) -> tuple[str, ...]:
    """Return the feeds that must be read before: roles are those of the framework, people those of employees."""
    if feed.name == "employees":
        return ("competencies",)
    return ("employees",) if any(column.personal in _CLEANED_OR_FOUND for column in feed.columns) else ()


def feed_assets() -> list[dg.AssetsDefinition]:
    """Return an asset per feed, and one for the baseline of each feed that is live from some day on."""
    assets = [_feed_asset(feed, live_asset if feed.live or feed.live_from else stage_asset) for feed in CANON.values()]
    baselines = [_feed_asset(feed, stage_asset, baseline=True) for feed in CANON.values() if feed.live_from]
    return assets + baselines


def _feed_asset(
    feed: Feed, factory: Callable[..., Callable[[Body], dg.AssetsDefinition]], baseline: bool = False
) -> dg.AssetsDefinition:
    table = feed_table(feed, f"{feed.name}_baseline" if baseline else None)
    # Two groups, because go-live stands between them: in one, the graph of groups would be a circle.
    group = "live_feeds" if factory is live_asset else "feeds"

    @factory(
        group=group,
        described=table,
        deps=_needs(feed),
        kinds={"duckdb", "file"},
        about=_about(feed, factory is live_asset, baseline),
    )
    def body(stage: Stage) -> dg.MaterializeResult[Any]:
        """Read, map, judge and pseudonymise one feed."""
        config = stage.pilot.config
        source = config.feeds.get(feed.name)
        if source is None:
            store_absence(stage.warehouse, feed, table)
            return dg.MaterializeResult(metadata={"dagster/row_count": 0, "note": "Not configured in pilot.yaml."})
        intake = take_in(
            feed,
            source,
            stage.pilot.home.root,
            _contracts(feed, stage),
            Pseudonyms(config.privacy.pseudonym_key),
            config.pilot.zone,
            before=config.pilot.starts_on if baseline else None,
            people=_people(feed, stage),
            directory=stage.warehouse.read("feeds.employees") if source.by_email and feed.name != "employees" else None,
        )
        weeks = stage.warehouse.weeks("pilot.weekly_kpis")
        published = config.pilot.week_start(weeks[-1] + 1) if weeks else None
        store_intake(stage.warehouse, stage.pilot.home, feed, intake, table, published)
        for note in intake.notes:
            stage.say(note)
        return dg.MaterializeResult(
            metadata={"dagster/row_count": row_count(stage.warehouse, table.table), **_came_in(intake)}
        )

    return body


def _came_in(intake: Intake) -> dict[str, Any]:
    """Say how many rows were read and set aside, and why."""
    return {
        "rows_read": intake.read.rows_read,
        "rows_quarantined": intake.read.rows_quarantined,
        "reasons": dg.MetadataValue.md(intake.read.reasons.replace("\n", "\n\n") or "None."),
        "notes": dg.MetadataValue.md("\n\n".join(intake.notes) or "None."),
    }


def _about(feed: Feed, live: bool, baseline: bool) -> str:
    """Say when the feed may be read, what its absence costs, and what happens at the door."""
    if baseline:
        when = f"Only rows dated before the pilot's start, which may be read before go-live; the rest is `{feed.name}`."
    elif live and feed.live_from:
        when = "Rows dated from the pilot's start are live data, so this is read only while go-live holds."
    elif live:
        when = "Live data: read only while go-live holds."
    else:
        when = "Read before go-live."
    absent = (
        "Required for a run."
        if feed.required
        else "Optional: without it, what needs it is switched off, and the scorecard says so."
    )
    return (
        f"{when} {absent}\n\nKey: {', '.join(f'`{name}`' for name in feed.key)}. Ids and e-mails are keyed pseudonyms. "
        "A row that breaks the contract is set aside in quarantine with its reason; rows read = accepted + quarantined."
    )


def _people(feed: Feed, stage: Stage) -> IdentifierScan | None:
    if not any(column.personal == "free_text" for column in feed.columns):
        return None
    return build_scan(read_identities(stage.pilot.home.identities))


def _contracts(feed: Feed, stage: Stage) -> Sequence[Contract]:
    if feed.name == "employees":
        return contracts_of_people(stage.warehouse.query("SELECT roles FROM feeds.competencies")["roles"])
    contracts: list[Contract] = [contract_for(feed.name)]
    if feed.name == "manager_observations":
        contracts.append(ManagementLine(stage.warehouse.read("feeds.employees")))
    if feed.name == "measurements":
        contracts.append(DeclaredMetrics(stage.pilot.config.kpis.metrics))
    return contracts
