"""How often the live bias audit is right, simulated through its own parts; judging a real pilot is `fairness`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.random import Generator

from pilot_pipeline.config import PilotConfig
from pilot_pipeline.fairness.family import ALPHA, found_by, one_look
from pilot_pipeline.fairness.permutation import Bools, Floats, Ints, permutations
from pilot_pipeline.fairness.power import severe_chances
from pilot_pipeline.fairness.study import Study, look_statistics, study_people

ROLES = ("Engineer", "Scientist", "Seller")
ATTRIBUTES = ("gender", "ethnicity", "age_band")
SIX = pd.DataFrame(
    {
        "pathway_id": ["coaching", "conflict", "feedback", "finance", "planning", "strategy"],
        "theme": ["communication", "communication", "communication", "business", "business", "business"],
    }
)
"""Six pathways in two themes."""


@dataclass(frozen=True)
class Tool:
    """A tool whose truth is known.

    Attributes:
        name: in words.
        women: chances of the six pathways for women, the same in every role.
        others: those for everybody else.
        by_role: each role has its favourites, in an order of its own; fair, as long as women and others are equal.
        loyalty: how alike one person's recommendations are beyond that: 0 drawn anew, 1 always the first one.
    """

    name: str
    women: tuple[float, ...]
    others: tuple[float, ...]
    by_role: bool = False
    loyalty: float = 0.0

    @property
    def steers(self) -> bool:
        """Whether women and others are sent elsewhere."""
        return self.women != self.others


def severe(pathways: int = 6, strength: float = 1.0) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the chances of severe steering (60 against 10, 5 against 55 per cent), or of a part of its gap."""
    women, others = severe_chances(pathways)
    middle = (women + others) / 2
    return tuple(middle + strength * (women - middle)), tuple(middle + strength * (others - middle))


_EVEN = (1 / 6,) * 6
_UNEVEN = (0.40, 0.25, 0.15, 0.10, 0.06, 0.04)
TOOLS: tuple[Tool, ...] = (
    Tool("fair: at random", _EVEN, _EVEN),
    Tool("fair: each role has its favourites", _UNEVEN, _UNEVEN, by_role=True),
    Tool("fair: hardly ever changes its mind about a person", _UNEVEN, _UNEVEN, loyalty=0.9),
    Tool("severe steering, drawn anew each week", *severe()),
    Tool("severe steering, half loyal to a person's first", *severe(), loyalty=0.5),
    Tool("severe steering, always a person's first", *severe(), loyalty=1.0),
    Tool("mild steering (half that gap), drawn anew each week", *severe(strength=0.5)),
)


def people_of(n: int, rng: Generator) -> pd.DataFrame:
    """Return n people in three roles: gender half and half within each, two ethnicities and three age bands."""
    number = np.arange(n)
    return pd.DataFrame(
        {
            "employee_id": [f"p_{one:04d}" for one in number],
            "id_rank": number,
            "role": np.array(ROLES)[number % 3],
            "gender": np.where((number // 3) % 2 == 0, "female", "male"),
            "ethnicity": rng.permutation(np.where(number % 5 < 3, "A", "B")),
            "age_band": rng.permutation(np.array(["20-29", "30-39", "40-49"])[number % 3]),
        }
    )


def weekly_choices(tool: Tool, people: pd.DataFrame, weeks: int, pilots: int, rng: Generator) -> Floats:
    """Draw first choices so far (pilots, weeks, people, 6): one recommendation per person and week, cumulated."""
    women = people["gender"].eq("female").to_numpy()
    chances = np.where(women[:, None], tool.women, tool.others)
    if tool.by_role:
        shift = pd.factorize(people["role"], sort=True)[0] * 2
        chances = np.take_along_axis(chances, (np.arange(6)[None] + shift[:, None]) % 6, axis=1)
    limits = chances.cumsum(axis=1)

    def draw() -> Ints:
        return np.asarray((rng.random((pilots, len(people), 1)) > limits).sum(axis=-1).clip(max=5))

    first, kept = draw(), []
    for week in range(weeks):
        loyal = rng.random(first.shape) < tool.loyalty
        kept.append(first if week == 0 else np.where(loyal, first, draw()))
    onehot = np.eye(6)[np.stack(kept, axis=1)]
    return np.asarray(onehot.cumsum(axis=1))


@dataclass(frozen=True)
class Rates:
    """Shares of simulated pilots, out of `pilots` each; the Monte Carlo error is `error` of a share."""

    tool: str
    n: int
    pilots: int
    first: float
    whole: float
    weekly: float
    median_week: float

    def error(self, share: float) -> float:
        """Return the Monte Carlo standard error of a share."""
        return float(np.sqrt(max(share * (1 - share), 1 / self.pilots) / self.pilots))


def audit_rates(
    tool: Tool, n: int, config: PilotConfig, *, pilots: int, permuted: int, seed: int, per_panel: int = 50
) -> Rates:
    """Audit simulated pilots of n people and return how often bias was found, in any attribute, three ways.

    At the first recommendation; once, of everything after the last week; and by the weekly looks that share one error.
    For a tool that steers only a finding by gender counts.

    Args:
        tool: who recommends.
        n: people.
        config: its attributes, minimum group size and weeks.
        pilots: how many are simulated.
        permuted: permutations of each audit, the data included.
        seed: of everything.
        per_panel: pilots that share people and permutations; each is judged alone, and new people come thereafter.
    """
    rng = np.random.default_rng([seed, n])
    found: list[tuple[bool, bool, int]] = []
    while len(found) < pilots:
        people = people_of(n, rng)
        study = study_people(pd.DataFrame({"pathway_id": []}), people, config, SIX)
        moved = permutations(study.panel.strata, permuted, rng)
        counts = weekly_choices(tool, people, config.pilot.weeks, min(per_panel, pilots - len(found)), rng)
        found += list(_judged(tool, study, counts, moved, config.pilot.weeks))
    first, whole, week = (np.array(part) for part in zip(*found, strict=True))
    caught = week[week > 0]
    median = float(np.median(caught)) if len(caught) else np.nan
    return Rates(tool.name, n, len(found), first.mean(), whole.mean(), float((week > 0).mean()), median)


def _judged(tool: Tool, study: Study, counts: Floats, moved: Ints, weeks: int) -> Iterator[tuple[bool, bool, int]]:
    """Yield per pilot: found at first, found at the end, and the week of the first weekly finding (0 never)."""
    looks = look_statistics(study, list(counts.reshape(-1, *counts.shape[2:])), moved)
    columns = [study.testable.index(one) for one in study.testable if one.attribute == "gender" or not tool.steers]
    for start in range(0, len(looks), weeks):
        own = looks[start : start + weeks]
        single = [bool((_concerning(one_look(own[at]).q, study, columns) <= ALPHA).any()) for at in (0, -1)]
        weekly = [bool(_concerning(look, study, columns).any()) for look in found_by(own, weeks, ALPHA)]
        yield single[0], single[1], weekly.index(True) + 1 if any(weekly) else 0


def _concerning(tests: Floats | Bools, study: Study, columns: list[int]) -> Floats | Bools:
    """Return the tests (levels × attributes) of these attributes."""
    return tests.reshape(-1, len(study.testable))[:, columns]
