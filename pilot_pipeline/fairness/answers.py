"""The tool's answers about synthetic employees as they are kept: asked once per set of twins, with any refusal."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from pilot_pipeline.config import PilotConfig
from pilot_pipeline.errors import NotReady
from pilot_pipeline.fairness.answer_checks import ANSWERS, check_answers
from pilot_pipeline.fairness.recommender import ask, recommender_for
from pilot_pipeline.fairness.synthetic import PROTECTED
from pilot_pipeline.fairness.twins import make_population, make_twins

KEPT = ["synthetic_id", "twin_id", "part", "attribute", "role", *PROTECTED]
"""The columns that are kept of whoever was sent: those that the audit reads."""


@dataclass(frozen=True)
class SyntheticEmployees:
    """Whom the tool is asked about: counterfactual twins, and a second population that can show proxy bias."""

    twins: pd.DataFrame
    population: pd.DataFrame

    @property
    def everyone(self) -> pd.DataFrame:
        """Both, in the order of their ids, which are digests: nothing tells a twin from its neighbour."""
        both = pd.concat([self.twins, self.population], ignore_index=True)
        return both.sort_values("synthetic_id", ignore_index=True)

    @property
    def kept(self) -> pd.DataFrame:
        """What the audit needs of both, `part` (twins or population) beside each, in the order of their making."""
        parts = {"twins": self.twins, "population": self.population}
        return pd.concat([frame.assign(part=part)[KEPT] for part, frame in parts.items()], ignore_index=True)


def kept_synthetic(kept: pd.DataFrame) -> SyntheticEmployees:
    """Return the two populations from `SyntheticEmployees.kept`, with no other columns than these."""
    parts = (kept.loc[kept["part"] == part].drop(columns="part") for part in ("twins", "population"))
    return SyntheticEmployees(*(part.reset_index(drop=True) for part in parts))


def make_synthetic(workforce: pd.DataFrame, config: PilotConfig) -> SyntheticEmployees:
    """Make everyone whom the tool is asked about, from the judged workforce (see `build_workforce`)."""
    return SyntheticEmployees(make_twins(workforce, config), make_population(workforce, config))


@dataclass(frozen=True)
class Collected:
    """Answers to judge, and the sentence that says why they cannot be, if so."""

    answers: pd.DataFrame
    refusal: str | None


def collect_answers(
    everyone: pd.DataFrame,
    config: PilotConfig,
    pathways: pd.DataFrame | None,
    feed: pd.DataFrame | None,
    known: pd.DataFrame | None,
) -> Collected:
    """Take the answers from the feed, or ask the tool itself unless it has answered about these very people.

    Args:
        everyone: who is asked about.
        config: `fairness.recommender`.
        pathways: the feed, if there is one.
        feed: the answers as a feed, if they are one.
        known: answers that this very tool gave earlier.

    A tool may be random, so asking it anew each week would expire the evidence each week. It is asked again when
    `fairness.recommender.model_version` names another version. Answers that do not fit are kept beside the refusal:
    they are the evidence that was judged.
    """
    chosen = config.fairness.recommender
    try:
        if chosen.asks and known is not None and _answers_now(known, everyone, chosen.model_version):
            return Collected(check_answers(known, everyone, pathways, chosen.model_version), None)
        answers = recommender_for(config, feed)
        return Collected(ask(answers, everyone, pathways, chosen.model_version), None)
    except NotReady as refusal:
        kept = feed if feed is not None else pd.DataFrame(columns=ANSWERS)
        return Collected(kept.reindex(columns=ANSWERS), str(refusal))


def _answers_now(known: pd.DataFrame, everyone: pd.DataFrame, version: str | None) -> bool:
    """Say whether known answers are about everyone who is asked about now, and of the version that is piloted."""
    about = set(known["synthetic_id"]) == set(everyone["synthetic_id"])
    return about and (version is None or bool(known["model_version"].eq(version).fillna(False).any()))
