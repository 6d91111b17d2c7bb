"""The bias audit before launch: the tool's answers about twins and about the correlated population; live is `audit`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from pilot_pipeline.config import PilotConfig
from pilot_pipeline.fairness import findings as say
from pilot_pipeline.fairness.answer_checks import check_answers
from pilot_pipeline.fairness.family import one_look
from pilot_pipeline.fairness.pairs import (
    Pairs,
    direction,
    flip_table,
    flip_targets,
    instability_table,
    pair_up,
    same_twin_flips,
    twin_z,
)
from pilot_pipeline.fairness.permutation import Floats
from pilot_pipeline.fairness.power import twin_power, weakest_power
from pilot_pipeline.fairness.proxy import ProxyPart, proxy_part, proxy_statistics
from pilot_pipeline.fairness.rates import RATES, REPORTED, rate_table, reported_table
from pilot_pipeline.fairness.result import Audit, judge, overall, published
from pilot_pipeline.fairness.selftest import check_twin_audit
from pilot_pipeline.fairness.study import attributes_frame, name_pathways
from pilot_pipeline.fairness.twins import AA, group_values

PERMUTATIONS = 1999

SYNTHETIC_ALPHA = 0.01
"""The family-wise error rate here: thousands of twin sets have power to spare, and a false alarm has no waiver."""


def audit_synthetic(
    twins: pd.DataFrame,
    answers: pd.DataFrame,
    config: PilotConfig,
    pathways: pd.DataFrame | None,
    *,
    as_of: date | None = None,
    population: pd.DataFrame | None = None,
) -> Audit:
    """Audit the tool's answers about counterfactual twins, with the twin set as the unit.

    Direction: each group's first choices less those of its twins, per pathway and theme, values permuted within
    sets, omnibus and min-p over attributes as in the live audit. Instability: flip rate less the A/A flip rate.

    Args:
        twins: from `make_twins`.
        answers: synthetic_id, pathway_id, rank, model_version; the tool's, unchecked.
        config: attributes, seed, starts_on.
        pathways: pathway_id and theme; None skips the check for unknown pathways.
        as_of: the day when the answers were first seen; default `starts_on`.
        population: from `make_population`, if it was sent as well: proxy bias joins the family and the verdict.

    Raises:
        NotReady: the answers do not fit the twins, or the auditor fails its self-test.
    """
    sent = twins if population is None else pd.concat([twins, population], ignore_index=True)
    answers = check_answers(answers, sent, pathways, config.fairness.recommender.model_version)
    check_twin_audit()
    answered = line_up(twins, population, answers, pathways, config)
    pairs, testable = answered.pairs, answered.testable
    rng = np.random.default_rng([config.cohort.seed, 6])
    groups = [(pair.attribute, pair.grouping) for pair in testable]
    power = twin_power(groups, len(answered.pathways), SYNTHETIC_ALPHA, rng)
    tests = family_tests(answered, PERMUTATIONS, rng)
    weakest = weakest_power(power)
    attributes = attributes_frame([_verdict(pair.attribute, tests, weakest) for pair in pairs])
    same = same_twin_flips(twins[twins["attribute"] == AA], answers, answered.pathways)
    instability = instability_table(testable, same)
    rates = _rates(pairs, 0)
    when = config.pilot.starts_on if as_of is None else as_of
    proxy = tests[tests["level"].str.startswith("proxy")]
    return Audit(
        kind="synthetic",
        as_of=when,
        verdict=overall(attributes),
        attributes=attributes,
        table=published(rates, attributes, "synthetic", when),
        make_themes=partial(_themes, pairs),
        make_reported=partial(_reported, testable, rates),
        power=power,
        instability=instability,
        flips=flip_table(testable),
        flip_targets=flip_targets(testable),
        proxy=proxy.reset_index(drop=True),
        findings=(
            *_findings(attributes, instability, proxy, config.privacy.min_group_size),
            *say.legitimate_sentences(config.fairness.legitimate, live=False),
        ),
        n=int(twins["twin_id"].nunique()),
    )


@dataclass(frozen=True)
class Answered:
    """The answers lined up to be tested: twin sets per attribute, the correlated population's parts, the pathways."""

    pairs: list[Pairs]
    testable: list[Pairs]
    parts: list[ProxyPart]
    pathways: tuple[str, ...]


def line_up(
    twins: pd.DataFrame,
    population: pd.DataFrame | None,
    answers: pd.DataFrame,
    pathways: pd.DataFrame | None,
    config: PilotConfig,
) -> Answered:
    """Line up checked answers; an attribute without twin sets gets empty pairs, and is not testable.

    Args:
        twins: from `make_twins`.
        population: from `make_population`; without it there are no parts.
        answers: synthetic_id, pathway_id, rank, complete.
        pathways: pathway_id and theme.
        config: attributes, starts_on.
    """
    names, themes = name_pathways(answers, pathways)
    pairs = []
    for attribute in config.fairness.attributes:
        rows = twins[twins["attribute"] == attribute]
        values = group_values(rows, attribute, config.pilot.starts_on).rename(attribute)
        pairs.append(pair_up(rows, values, answers, names, themes))
    testable = [pair for pair in pairs if pair.grouping.testable and len(names) > 1]
    if population is None:
        return Answered(pairs, testable, [], names)
    parts = [proxy_part(population, answers, pair, (names, themes), config) for pair in testable]
    return Answered(pairs, testable, parts, names)


def family_tests(answered: Answered, permutations: int, rng: np.random.Generator) -> pd.DataFrame:
    """Return every test of the family: attribute, level, p_value, q_value, and where its largest |Z| lies."""
    stats: list[Floats] = []
    rows: list[dict[str, Any]] = []
    for pair in answered.testable:
        stats.append(direction(tuple(level.outcome for level in pair.levels), pair.grouping, permutations + 1, rng))
        for level in pair.levels:
            z = twin_z(level.outcome, pair.grouping)
            rows.append(_where(pair.attribute, level.name, z, pair.grouping.tested, level.names))
    for part in answered.parts:
        stats.append(proxy_statistics(part, permutations + 1, rng))
        for level, z in zip(part.levels, part.z, strict=True):
            rows.append(_where(part.attribute, f"proxy {level.name}", z, part.grouping.tested, level.names))
    found = one_look(np.concatenate(stats, axis=1) if stats else np.empty((1, 0)))
    frame = attributes_frame(rows)
    return frame.assign(p_value=found.p, q_value=found.q).drop(columns=["verdict", "power"])


def _where(attribute: str, level: str, z: Floats, groups: tuple[str, ...], names: tuple[str, ...]) -> dict[str, Any]:
    group, where = np.unravel_index(int(np.abs(z).argmax()), z.shape)
    place = {"group_value": groups[group], "where": names[where], "z": z[group, where]}
    return {"attribute": attribute, "level": level, **place}


def _verdict(attribute: str, tests: pd.DataFrame, power: dict[str, float]) -> dict[str, Any]:
    """Return one attribute's row: p of the pathway test, q of its strongest test, and where that one points."""
    own = tests[tests["attribute"] == attribute]
    if own.empty:
        return {"attribute": attribute, "verdict": "not_testable"}
    strongest = dict(zip(own.columns, own.iloc[int(own["q_value"].argmin())], strict=True))
    verdict = judge(strongest["q_value"], power[attribute], True, SYNTHETIC_ALPHA)
    return {**strongest, "p_value": own["p_value"].iloc[0], "power": power[attribute], "verdict": verdict}


def _rates(pairs: list[Pairs], level: int) -> pd.DataFrame:
    """Return the rates over pathways (level 0) or themes (level 1) of every attribute that has sets."""
    usable = [pair for pair in pairs if len(pair.levels) > level and len(pair.levels[level].outcome)]
    tables = [
        rate_table(on.outcome.reshape(-1, len(on.names)), pair.grouping, on.names, None)
        for pair in usable
        for on in [pair.levels[level]]
    ]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=RATES)


def _themes(pairs: list[Pairs]) -> pd.DataFrame:
    return _rates(pairs, 1).rename(columns={"pathway_id": "theme"})


def _reported(testable: list[Pairs], rates: pd.DataFrame) -> pd.DataFrame:
    tables = []
    for pair in testable:
        outcome = pair.levels[0].outcome.reshape(len(pair.strata), -1)
        tables.append(reported_table(outcome, pair.grouping, pair.strata, rates[rates["attribute"] == pair.attribute]))
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=REPORTED)


def _findings(
    attributes: pd.DataFrame, instability: pd.DataFrame, proxy: pd.DataFrame, minimum: int
) -> tuple[str, ...]:
    verdicts = [say.sentence(row, SYNTHETIC_ALPHA, minimum) for row in attributes.to_dict("records")]
    flips = [say.instability_sentence(row) for row in instability.to_dict("records")]
    strongest = proxy.sort_values("q_value", kind="stable").drop_duplicates("attribute").sort_index()
    proxies = [say.proxy_sentence(row, SYNTHETIC_ALPHA) for row in strongest.to_dict("records")]
    return (*verdicts, *(proxies or [say.SKIPPED_POPULATION]), *flips, say.TWINS_LIMIT, say.PROXY_LIMIT)
