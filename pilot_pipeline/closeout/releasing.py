"""What a release holds and when a block is published; building and swapping files is `warehouse.publish`."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from pilot_pipeline.config import Pilot
from pilot_pipeline.privacy.pseudonyms import read_identities
from pilot_pipeline.privacy.scan import build_scan
from pilot_pipeline.readiness.current import current_evidence
from pilot_pipeline.readiness.golive import golive_state
from pilot_pipeline.warehouse.audits import Audit, NoIdentifiers, NothingBySubtraction, minimum_groups
from pilot_pipeline.warehouse.connection import Warehouse
from pilot_pipeline.warehouse.models import Model, run_model
from pilot_pipeline.warehouse.publish import publish

BLOCKED_MARTS = ("checkpoints", "data_quality")


def publish_pilot(warehouse: Warehouse, pilot: Pilot, marts: Sequence[Model]) -> pd.DataFrame:
    """Publish all marts and the scorecard; returns name, rows and sha256 of each table.

    Raises:
        NotReady: an audit failed; the last release stays.
    """
    page = str(warehouse.read("closeout.scorecard")["page"].iloc[0]).encode()
    documents = {pilot.home.scorecard.name: page}
    hierarchy = warehouse.query("SELECT week_no, level, unit, parent, n FROM weekly.unit_weeks ORDER BY ALL")
    audits = (*_audits(pilot), NothingBySubtraction(hierarchy, pilot.config.privacy.min_group_size))
    return publish(warehouse, pilot.home.published, marts, audits, documents=documents).tables


def publish_block(warehouse: Warehouse, pilot: Pilot, marts: Sequence[Model]) -> pd.DataFrame | None:
    """Publish checkpoints and data quality, everything else empty; None where nothing is to be published.

    Go-live may hold after all (the run failed for another reason), and a release with a verdict is never replaced by
    a block: `pilot check` shows it.
    """
    if golive_state(warehouse, current_evidence(warehouse, pilot)).holds or _decided(pilot):
        return None
    for mart in marts:
        if mart.name in BLOCKED_MARTS:
            run_model(warehouse, mart)
    documents: dict[str, bytes | None] = {pilot.home.scorecard.name: None}
    released = publish(
        warehouse, pilot.home.published, marts, _audits(pilot), only=set(BLOCKED_MARTS), documents=documents
    )
    return released.tables


def _audits(pilot: Pilot) -> tuple[Audit, ...]:
    scan = build_scan(read_identities(pilot.home.identities))
    return (NoIdentifiers(scan), minimum_groups(pilot.config.privacy.min_group_size))


def _decided(pilot: Pilot) -> bool:
    path = pilot.home.published / "decision.parquet"
    return path.is_file() and len(pd.read_parquet(path)) > 0
