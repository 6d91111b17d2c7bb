"""Proxy bias: the correlated population's answers, tested like people's within roles; twins are `pairs`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.random import Generator

from pilot_pipeline.config import PilotConfig
from pilot_pipeline.fairness.groups import Grouping, group_people
from pilot_pipeline.fairness.pairs import Pairs
from pilot_pipeline.fairness.permutation import Floats, Panel, residuals, z_scores
from pilot_pipeline.fairness.rates import first_choices, shares
from pilot_pipeline.fairness.study import Level, levels_of
from pilot_pipeline.fairness.tables import table_statistics
from pilot_pipeline.fairness.twins import group_values


@dataclass(frozen=True)
class ProxyPart:
    """The part of the correlated population that carries one attribute, with its answers per level."""

    attribute: str
    levels: tuple[Level, ...]
    grouping: Grouping
    panel: Panel

    @property
    def z(self) -> tuple[Floats, ...]:
        """Z (G, P) per level."""
        return tuple(z_scores(self.panel, residuals(level.outcome, self.panel.strata)) for level in self.levels)


def proxy_part(
    population: pd.DataFrame,
    answers: pd.DataFrame,
    pair: Pairs,
    named: tuple[tuple[str, ...], tuple[str, ...]],
    config: PilotConfig,
) -> ProxyPart:
    """Take from the population the rows that carry the attribute of `pair`; `named` are pathways and their themes."""
    pathways, themes = named
    rows = population[population["attribute"] == pair.attribute].sort_values("synthetic_id", ignore_index=True)
    values = group_values(rows, pair.attribute, config.pilot.starts_on)
    grouping = group_people(values, pair.attribute, 1)
    outcome = shares(first_choices(answers, "synthetic_id", tuple(rows["synthetic_id"]), pathways))
    strata = np.asarray(pd.factorize(rows["role"], sort=True)[0], dtype=np.intp)
    panel = Panel(strata, grouping.onehot, (slice(0, len(grouping.tested)),))
    return ProxyPart(pair.attribute, levels_of(outcome, pathways, themes), grouping, panel)


def proxy_statistics(part: ProxyPart, n: int, rng: Generator) -> Floats:
    """Return ΣZ² (n, levels) of one part, row 0 the data, the rest with the attribute permuted within roles."""
    first = part.levels[0].outcome
    chosen = np.asarray(first.argmax(axis=1), dtype=np.intp)
    onto = [np.asarray(first.T @ level.outcome > 0, dtype=np.float64) for level in part.levels]
    return table_statistics(part.panel, chosen, onto, n, rng)
