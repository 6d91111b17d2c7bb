"""Which feeds an asset goes back to, and how they stand: rows, rows in quarantine, newest day."""

from collections.abc import Iterable, Mapping, Sequence

import dagster as dg
import pandas as pd

from pilot_pipeline.feeds.canon import CANON
from pilot_pipeline.warehouse.connection import Warehouse

UPSTREAM = "upstream_feeds"
"""The resource: asset key to the feeds that it goes back to, in the contract's order."""


def upstream_feeds(assets: Iterable[dg.AssetsDefinition]) -> Mapping[str, tuple[str, ...]]:
    """Return, for every asset, the feeds among its ancestors and itself."""
    deps = {
        spec.key.to_user_string(): [dep.asset_key.to_user_string() for dep in spec.deps]
        for asset in assets
        for spec in asset.specs
    }
    found: dict[str, frozenset[str]] = {}

    def of(name: str) -> frozenset[str]:
        if name not in found:
            own = {name.removesuffix("_baseline")} & CANON.keys()
            found[name] = frozenset(own).union(*(of(dep) for dep in deps.get(name, ())))
        return found[name]

    return {name: tuple(feed for feed in CANON if feed in of(name)) for name in deps}


def feeds_table(warehouse: Warehouse, feeds: Sequence[str]) -> pd.DataFrame:
    """Return feed, rows, in quarantine, newest day and files, of those of the feeds that were read."""
    if not feeds or not warehouse.exists("feeds.feed_reads"):
        return pd.DataFrame(columns=["feed", "rows", "in quarantine", "newest day", "files"])
    return warehouse.query(
        'SELECT feed, rows_accepted AS rows, rows_quarantined AS "in quarantine", fresh_as_of AS "newest day", '
        "(SELECT count(*) FROM feeds.source_files AS f WHERE f.feed = r.feed) AS files "
        "FROM feeds.feed_reads AS r WHERE list_contains($feeds, feed) ORDER BY list_position($order, feed)",
        {"feeds": list(feeds), "order": list(CANON)},
    )
