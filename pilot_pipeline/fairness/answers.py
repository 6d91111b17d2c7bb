"""The tool's answers about synthetic employees as they are kept: asked once per set of twins, with any refusal."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from pilot_pipeline.config import PilotConfig
from pilot_pipeline.errors import NotReady
from pilot_pipeline.fairness.recommender import ANSWERS, ask, check_answers, recommender_for


@dataclass(frozen=True)
class Collected:
    """Answers to judge, and the sentence that says why they cannot be, if so."""

    answers: pd.DataFrame
    refusal: str | None


def collect_answers(
    twins: pd.DataFrame,
    config: PilotConfig,
    pathways: pd.DataFrame | None,
    feed: pd.DataFrame | None,
    known: pd.DataFrame | None,
) -> Collected:
    """Take the answers from the feed, or ask the tool over HTTP unless it has answered about these very twins.

    A tool may be random, so asking it anew each week would expire the evidence each week. Answers that do not fit are
    kept beside the refusal: they are the evidence that was judged.
    """
    try:
        if (
            config.fairness.recommender.http
            and known is not None
            and set(known["synthetic_id"]) == set(twins["synthetic_id"])
        ):
            return Collected(check_answers(known, twins, pathways), None)
        return Collected(ask(recommender_for(config, feed), twins, pathways), None)
    except NotReady as refusal:
        kept = feed if feed is not None else pd.DataFrame(columns=ANSWERS)
        return Collected(kept.reindex(columns=ANSWERS), str(refusal))
