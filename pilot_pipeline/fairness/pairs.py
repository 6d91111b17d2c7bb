"""Twin sets and what their answers show: direction and instability, numbers only; the verdict is `synthetic_audit`."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.random import Generator

from pilot_pipeline.fairness.groups import Grouping, group_people
from pilot_pipeline.fairness.permutation import Bools, Floats, Ints, flip_statistics
from pilot_pipeline.fairness.rates import first_choices, shares
from pilot_pipeline.fairness.study import Level, levels_of

INSTABILITY = ["attribute", "sets", "flips", "flip_rate", "aa_sets", "aa_flip_rate", "excess", "excess_high"]
FLIPS = ["attribute", "group_value", "other_value", "sets", "flips", "flip_rate"]
FLIP_TARGETS = ["attribute", "group_value", "other_value", "pathway_id", "sets", "only_group", "only_other"]


@dataclass(frozen=True)
class Pairs:
    """The varied twin sets of one attribute.

    Every level's outcome is (sets, 2, P). `grouping` and `strata` (roles) are of the 2 × sets rows, set by set.
    """

    attribute: str
    levels: tuple[Level, ...]
    grouping: Grouping
    strata: Ints

    @property
    def flipped(self) -> Bools:
        """Sets whose two first choices differ."""
        outcome = self.levels[0].outcome
        return np.asarray((outcome[:, 0] != outcome[:, 1]).any(axis=-1))


def pair_up(
    rows: pd.DataFrame,
    values: pd.Series[str],
    answers: pd.DataFrame,
    pathways: tuple[str, ...],
    themes: tuple[str, ...],
) -> Pairs:
    """Line one attribute's twins up set by set with their answers.

    Args:
        rows: the twins of one attribute, two rows per twin_id, at least in columns twin_id, synthetic_id, role.
        values: their values of the attribute, on the same index.
        answers: checked answers.
        pathways: their P names.
        themes: the theme of each.
    """
    attribute = str(values.name)
    rows = rows.assign(group_value=values).sort_values(["twin_id", "synthetic_id"], ignore_index=True)
    outcome = shares(first_choices(answers, "synthetic_id", tuple(rows["synthetic_id"]), pathways))
    levels = levels_of(outcome.reshape(-1, 2, len(pathways)), pathways, themes)
    strata = np.asarray(pd.factorize(rows["role"], sort=True)[0], dtype=np.intp)
    return Pairs(attribute, levels, group_people(rows["group_value"], attribute, 1), strata)


def direction(outcomes: tuple[Floats, ...], grouping: Grouping, n: int, rng: Generator) -> Floats:
    """Return ΣZ² (n, levels) of twin sets: row 0 the data, the rest with values permuted within sets.

    Args:
        outcomes: per level (sets, 2, P), all judged under the same permutations.
        grouping: of the 2 × sets rows.
        n: permutations, the data included.
        rng: the generator.
    """
    parts = [contributions(outcome, grouping) for outcome in outcomes]
    differing = np.any([part.any(axis=(1, 2)) for part in parts], axis=0)
    sets = int(differing.sum())
    bits = np.unpackbits(rng.integers(0, 256, size=(n, sets // 8 + 1), dtype=np.uint8), axis=1, count=sets)
    signs = bits.astype(np.float64) * 2 - 1
    signs[0] = 1
    return np.column_stack([flip_statistics(part[differing], signs) for part in parts])


def contributions(outcome: Floats, grouping: Grouping) -> Floats:
    """Return each set's share in T (sets, G, P): half the difference of its twins, signed by group."""
    member = grouping.onehot.reshape(len(outcome), 2, len(grouping.tested))
    half = (outcome[:, 0] - outcome[:, 1]) / 2
    return np.asarray((member[:, 0] - member[:, 1])[:, :, None] * half[:, None, :])


def twin_z(outcome: Floats, grouping: Grouping) -> Floats:
    """Return Z (G, P) of twin sets, 0 where no set differs."""
    share = contributions(outcome, grouping)
    spread = np.sqrt((share**2).sum(axis=0))
    z = np.zeros(spread.shape)
    np.divide(share.sum(axis=0), spread, out=z, where=spread > 0)
    return z


def same_twin_flips(rows: pd.DataFrame, answers: pd.DataFrame, pathways: tuple[str, ...]) -> tuple[int, int]:
    """Return how many A/A sets there are and how many got two different first choices."""
    rows = rows.sort_values(["twin_id", "synthetic_id"])
    counts = first_choices(answers, "synthetic_id", tuple(rows["synthetic_id"]), pathways)
    outcome = counts.reshape(-1, 2, len(pathways))
    return len(outcome), int((outcome[:, 0] != outcome[:, 1]).any(axis=-1).sum())


def instability_table(pairs: list[Pairs], same: tuple[int, int]) -> pd.DataFrame:
    """Return `INSTABILITY`: the flip rate of each attribute beside the tool's own randomness (`same_twin_flips`)."""
    rows = []
    for pair in pairs:
        flipped = pair.flipped
        sets, flips = len(flipped), int(flipped.sum())
        rate, own = flips / sets, same[1] / same[0]
        high = excess_bound(flips, sets, same[1], same[0])
        rows.append((pair.attribute, sets, flips, rate, same[0], own, rate - own, high))
    return pd.DataFrame(rows, columns=INSTABILITY)


def excess_bound(flips: int, sets: int, same_flips: int, same_sets: int) -> float:
    """Return the one-sided 95 % upper bound of flip rate minus A/A flip rate.

    Clopper–Pearson limits of the two rates, joined by MOVER (Zou and Donner 2008). Without any A/A flip it is the
    limit of the flip rate alone: 0 of 2,000 sets gives .0015.
    """
    from scipy.stats import beta

    rate, own = flips / sets, same_flips / same_sets
    high = 1.0 if flips == sets else float(beta.ppf(0.95, flips + 1, sets - flips))
    low = 0.0 if same_flips == 0 else float(beta.ppf(0.05, same_flips, same_sets - same_flips + 1))
    return rate - own + math.hypot(high - rate, own - low)


def flip_table(pairs: list[Pairs]) -> pd.DataFrame:
    """Return `FLIPS`: flips by the two values between which a set varies."""
    tables = [pd.DataFrame(columns=FLIPS)] if not pairs else []
    for pair in pairs:
        values = np.sort(pair.grouping.labels.to_numpy(dtype=object).reshape(-1, 2), axis=1)
        frame = pd.DataFrame({"group_value": values[:, 0], "other_value": values[:, 1], "flips": pair.flipped})
        counted = frame.groupby(["group_value", "other_value"])["flips"].agg(["size", "sum", "mean"]).reset_index()
        named = counted.rename(columns={"size": "sets", "sum": "flips", "mean": "flip_rate"})
        tables.append(named.assign(attribute=pair.attribute)[FLIPS])
    return pd.concat(tables, ignore_index=True)


def flip_targets(pairs: list[Pairs]) -> pd.DataFrame:
    """Return `FLIP_TARGETS`: which value is sent where instead.

    Per two values and pathway, of so many `sets`: the share in which only the twin with `group_value` is sent there,
    and the share in which only the one with `other_value` is.
    """
    tables = [pd.DataFrame(columns=FLIP_TARGETS)] if not pairs else []
    for pair in pairs:
        labels = pair.grouping.labels.to_numpy(dtype=object).reshape(-1, 2)
        turned = labels[:, 0] > labels[:, 1]
        outcome = np.where(turned[:, None, None], pair.levels[0].outcome[:, ::-1], pair.levels[0].outcome)
        names = pd.DataFrame(np.sort(labels, axis=1), columns=["group_value", "other_value"])
        for two, where in names.groupby(["group_value", "other_value"]).indices.items():
            one, other = np.asarray(two, dtype=object)
            mine, theirs = (outcome[where, at] > 0 for at in (0, 1))
            only = {"only_group": (mine & ~theirs).mean(axis=0), "only_other": (theirs & ~mine).mean(axis=0)}
            frame = pd.DataFrame({"pathway_id": pair.levels[0].names, "sets": len(where), **only})
            tables.append(frame.assign(attribute=pair.attribute, group_value=one, other_value=other)[FLIP_TARGETS])
    return pd.concat(tables, ignore_index=True)
