"""Chooses who judges a feed's rows: pandera, or above a size SQL made from the same canon; the rules are the same."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from checks.contracts.pandera_contract import PanderaContract
from pilot_pipeline.errors import BadInput, nearest
from pilot_pipeline.feeds.canon import CANON, Feed
from pilot_pipeline.feeds.quarantine import Finding
from pilot_pipeline.feeds.sql_contract import SqlContract

LARGE = 100_000
"""Rows from which pandera costs seconds where a pass of SQL does not, see `benchmarks/hris_checkpoint.py`."""


@dataclass(frozen=True)
class RowContract:
    """A feed's row contract, by whichever judge fits the size of the frame."""

    feed: Feed

    def findings(self, frame: pd.DataFrame) -> list[Finding]:
        """Return one finding per offending row and column of a canonical frame with a unique integer index."""
        judge = SqlContract(self.feed) if len(frame) > LARGE else PanderaContract(self.feed)
        return judge.findings(frame)


def contract_for(feed: str) -> RowContract:
    """Return the contract of a feed; BadInput where the canon has none of that name."""
    if feed not in CANON:
        raise BadInput(f"'{feed}' is not a feed.{nearest(feed, list(CANON))}")
    return RowContract(CANON[feed])
