"""`@live_asset`: an asset that touches live data, which runs only while go-live holds; no other asset may."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import dagster as dg

from assets.stage import LIVE_TAG, Body, Described, stage_asset
from pilot_pipeline.config import Pilot
from pilot_pipeline.readiness.current import current_evidence
from pilot_pipeline.readiness.golive import require_golive
from pilot_pipeline.warehouse.connection import Warehouse, open_warehouse


@contextmanager
def live_warehouse(pilot: Pilot) -> Iterator[Warehouse]:
    """Open the warehouse and refuse unless every checkpoint holds on the evidence as it is now.

    Raises:
        NotReady: a checkpoint failed, is missing, or its evidence changed.
    """
    with open_warehouse(pilot.home.warehouse) as warehouse:
        require_golive(warehouse, current_evidence(warehouse, pilot))
        yield warehouse


def live_asset(
    *,
    group: str,
    described: Described,
    deps: Sequence[str] = (),
    kinds: set[str] | None = None,
    partitions: dg.PartitionsDefinition[str] | None = None,
    name: str | None = None,
    about: str | None = None,
    shown: Mapping[str, Any] | None = None,
) -> Callable[[Body], dg.AssetsDefinition]:
    """As `stage_asset`, with the dependency on go-live, the tag, and the warehouse that asserts on opening."""
    return stage_asset(
        group=group,
        described=described,
        deps=[*dict.fromkeys((*deps, "golive"))],
        kinds=kinds,
        tags={LIVE_TAG: "true"},
        partitions=partitions,
        name=name,
        about=about,
        shown=shown,
        opener=live_warehouse,
    )


def refuse_unguarded(assets: Iterable[dg.AssetsDefinition]) -> None:
    """Refuse any asset downstream of a live one that is not itself live.

    Raises:
        ValueError: names the assets that forgot `@live_asset`.
    """
    specs = {spec.key: spec for asset in assets for spec in asset.specs}
    live = {key for key, spec in specs.items() if LIVE_TAG in spec.tags}
    unguarded = {
        key.to_user_string()
        for key, spec in specs.items()
        if key not in live and any(dep.asset_key in live for dep in spec.deps)
    }
    if unguarded:
        raise ValueError(
            f"{', '.join(sorted(unguarded))}: downstream of live data but not made with @live_asset; such an asset "
            "would run although readiness blocks."
        )
