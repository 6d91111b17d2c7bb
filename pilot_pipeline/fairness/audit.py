"""The live bias audit, once or week by week, with the person as the unit; the synthetic one is `synthetic_audit`."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from functools import partial

import numpy as np
import pandas as pd

from pilot_pipeline.config import PilotConfig
from pilot_pipeline.errors import BadInput
from pilot_pipeline.fairness import findings as say
from pilot_pipeline.fairness.by_role import BY_ROLE, role_sentences, roles_table
from pilot_pipeline.fairness.family import ALPHA, FamilyP, one_look, weekly_looks
from pilot_pipeline.fairness.groups import OTHER
from pilot_pipeline.fairness.permutation import Floats, permutations
from pilot_pipeline.fairness.power import steering_power
from pilot_pipeline.fairness.rates import RATES, first_choices, rate_table, reported_table
from pilot_pipeline.fairness.result import Audit, overall, published
from pilot_pipeline.fairness.selftest import check_people_audit
from pilot_pipeline.fairness.study import Level, Study, describe, look_statistics, study_people
from pilot_pipeline.fairness.synthetic_audit import audit_synthetic

__all__ = ["Audit", "audit_live", "audit_synthetic", "audit_weekly"]

PERMUTATIONS = 4999
WEEKLY_PERMUTATIONS = 2999
_SIMULATIONS = 200


def audit_live(
    recommendations: pd.DataFrame,
    people: pd.DataFrame,
    config: PilotConfig,
    as_of: date,
    pathways: pd.DataFrame | None = None,
) -> Audit:
    """Audit who was sent where, once: everything issued so far, with the person as the unit.

    Y is a person's share of first choices per pathway; groups are compared within roles by permuting the people's
    attributes there; one omnibus per attribute, min-p over attributes, intersections and themes (4-statistics).

    Args:
        recommendations: employee_id, pathway_id, rank (absent is 1). People who are not in `people` are left out.
        people: one row per audited person: employee_id, role, the configured attributes, id_rank if there is one
            (it fixes the order; without it the rows' order does).
        config: attributes, intersections, minimum group size and seed.
        as_of: the day that the audit is filed under.
        pathways: pathway_id and theme, if known; a pathway that nobody was sent to counts too.

    Raises:
        BadInput: a person twice, or a column missing.
        NotReady: the auditor fails its self-test.
    """
    study = study_people(recommendations, people, config, pathways)
    counts = first_choices(recommendations, "employee_id", study.ids, study.pathways)
    rng = np.random.default_rng([config.cohort.seed, 3])
    moved = permutations(study.panel.strata, PERMUTATIONS + 1, rng)
    check_people_audit()
    return _audit(study, counts, one_look(look_statistics(study, [counts], moved)[0]), config, as_of=as_of)


def audit_weekly(
    recommendations: pd.DataFrame,
    people: pd.DataFrame,
    config: PilotConfig,
    pathways: pd.DataFrame | None = None,
    through: int | None = None,
    *,
    only: Collection[int] | None = None,
) -> list[Audit]:
    """Audit week by week, cumulatively, at one family-wise error over all the weeks.

    As `audit_live`, with a column week_no beside each recommendation. Everybody keeps the same permutations all the
    time, so that looks of a later run repeat those of an earlier one. What was found stays found.

    Args:
        recommendations: as there, with week_no; baseline weeks count into week 1.
        people: as there; the same people in every run.
        config: as there; `pilot.weeks` looks share the error.
        pathways: as there.
        through: the last finished week; default: the last with a recommendation.
        only: the weeks to write up (all are judged); default all. Writing one up is what takes time.

    Returns:
        One audit per week, as of its Monday.
    """
    if "week_no" not in recommendations:
        raise BadInput("recommendations: the weekly bias audit needs week_no beside each recommendation.")
    study = study_people(recommendations, people, config, pathways)
    latest = recommendations["week_no"].max() if len(recommendations) else 0
    last = min(int(latest) if through is None else through, config.pilot.weeks)
    week = recommendations["week_no"]
    looks = [
        first_choices(recommendations[week <= number], "employee_id", study.ids, study.pathways)
        for number in range(1, last + 1)
    ]
    rng = np.random.default_rng([config.cohort.seed, 4])
    moved = permutations(study.panel.strata, WEEKLY_PERMUTATIONS + 1, rng)
    check_people_audit()
    judged = weekly_looks(look_statistics(study, looks, moved), config.pilot.weeks)
    return [
        _audit(
            study, counts, found, config, as_of=config.pilot.week_start(number), week_no=number, by_role=number == last
        )
        for number, (counts, found) in enumerate(zip(looks, judged, strict=True), start=1)
        if only is None or number in only
    ]


def _audit(
    study: Study,
    counts: Floats,
    found: FamilyP,
    config: PilotConfig,
    *,
    as_of: date,
    week_no: int | None = None,
    by_role: bool = True,
) -> Audit:
    """Put one look's numbers into words and tables; single roles are described only on request, which takes time."""
    levels = study.levels(counts)
    minimum = study.minimum
    rates = pd.concat(
        [rate_table(levels[0].outcome, grouping, study.pathways, minimum) for grouping in study.groups],
        ignore_index=True,
    )
    power = _power(study, counts, config, week_no, tested=len(found.p) > 0)
    attributes = describe(study, levels, found, rates, power)
    sentences = [say.sentence(row, ALPHA, minimum) for row in attributes.to_dict("records")]
    if not counts.any():
        sentences = [say.NOTHING_YET]
    elif len(study.pathways) < 2:
        sentences = [say.ONE_PATHWAY]
    sentences += [
        say.pooled_sentence(group.attribute, minimum, OTHER in group.tested) for group in study.groups if group.pooled
    ]
    roles = roles_table(study, levels[0], rates) if by_role else pd.DataFrame(columns=BY_ROLE)
    sentences += role_sentences(roles)
    sentences += say.legitimate_sentences(config.fairness.legitimate, live=True)
    return Audit(
        kind="live",
        as_of=as_of,
        week_no=week_no,
        verdict=overall(attributes),
        attributes=attributes,
        table=published(rates, attributes, "live", as_of),
        make_themes=partial(_themes, study, levels),
        make_reported=partial(_reported, study, levels[0], rates),
        power=power,
        by_role=roles,
        findings=(*sentences, say.MILD),
        n=int((counts.sum(axis=1) > 0).sum()),
    )


def _power(study: Study, counts: Floats, config: PilotConfig, week_no: int | None, tested: bool) -> pd.DataFrame:
    """Simulate the power of this look; a weekly look has its share of alpha only, which understates it a little."""
    alpha = ALPHA if week_no is None else ALPHA * week_no / config.pilot.weeks
    rng = np.random.default_rng([config.cohort.seed, 5, week_no or 0])
    groups = study.testable if tested else ()
    return steering_power(groups, study.panel, counts, alpha=alpha, simulations=_SIMULATIONS, rng=rng)


def _themes(study: Study, levels: tuple[Level, ...]) -> pd.DataFrame:
    """Return the rates over themes, where there are any."""
    if len(levels) < 2:
        return pd.DataFrame(columns=[*RATES]).rename(columns={"pathway_id": "theme"})
    tables = [rate_table(levels[1].outcome, group, levels[1].names, study.minimum) for group in study.groups]
    return pd.concat(tables, ignore_index=True).rename(columns={"pathway_id": "theme"})


def _reported(study: Study, level: Level, rates: pd.DataFrame) -> pd.DataFrame:
    """Return what people ask for, per attribute."""
    tables = [
        reported_table(level.outcome, grouping, study.panel.strata, rates[rates["attribute"] == grouping.attribute])
        for grouping in study.groups
    ]
    return pd.concat(tables, ignore_index=True)
