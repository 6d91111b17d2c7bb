"""The cohort that counts: matched from today's feeds, or the locked one, with every remark on how it came about."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

import pandas as pd

from pilot_pipeline.cohort.cohort import Cohort, form_cohort
from pilot_pipeline.cohort.metric import build_metric
from pilot_pipeline.cohort.relaxations import relaxations
from pilot_pipeline.config.models import PilotConfig
from pilot_pipeline.errors import BadInput
from pilot_pipeline.registration.design import Design


@dataclass(frozen=True)
class Formed:
    """The members (`Cohort.members`) and the facts about them: position, fact, statement."""

    members: pd.DataFrame
    facts: pd.DataFrame

    def stated(self, *kinds: str) -> tuple[str, ...]:
        """Return the statements of these kinds, in the order of the kinds."""
        return tuple(
            str(statement) for kind in kinds for statement in self.facts.loc[self.facts["fact"] == kind, "statement"]
        )


def form_or_keep(
    design: Design,
    enrolments: pd.DataFrame | None,
    consents: pd.DataFrame,
    config: PilotConfig,
    *,
    fixed_on: date | None,
) -> Formed:
    """Match the cohort; with a lock its pairs stay, whatever the feeds would give by now, and even if that is none.

    Raises:
        BadInput: without a lock, if the feeds give no cohort.
    """
    lock = design.lock
    if lock is None:
        cohort = form_cohort(design.workforce, enrolments, consents, config, fixed_on=fixed_on)
        return Formed(cohort.members, _facts(cohort, cohort.match_hash, design.snapshot))
    try:
        today = form_cohort(design.workforce, enrolments, consents, config, fixed_on=lock.locked_on)
    except BadInput as refused:
        nothing = f"The locked pairs count; today's feeds would give no cohort. {refused}"
        kept = Cohort(lock.members, pd.DataFrame({"reason": []}), (), (nothing,), config.cohort.design, ())
        match_hash = "none"
    else:
        kept, match_hash = replace(today, members=lock.members), today.match_hash
    spread = build_metric(design.workforce, config.cohort.balance).performance_sd
    kept = replace(kept, relaxed=relaxations(lock.members, spread, config.cohort))
    return Formed(kept.members, _facts(kept, match_hash, design.snapshot))


def _facts(cohort: Cohort, match_hash: str, snapshot: date) -> pd.DataFrame:
    """Say how the cohort came about, statement by statement."""
    facts = [
        ("design", cohort.design),
        ("snapshot", snapshot.isoformat()),
        ("match_hash", match_hash),
        *(("warning", sentence) for sentence in cohort.warnings),
        *(("violation", sentence) for sentence in cohort.violations),
        *(("explanation", sentence) for sentence in cohort.explanation),
        *(("relaxed", sentence) for sentence in cohort.relaxed),
        *(("note", sentence) for sentence in cohort.notes),
        *(("unmatched", reason) for reason in cohort.unmatched["reason"]),
    ]
    return pd.DataFrame(facts, columns=["fact", "statement"]).rename_axis("position").reset_index()
