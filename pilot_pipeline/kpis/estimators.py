"""The estimators of the threshold KPIs, as functions of arrays; effects are `effects`, judging is `results`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pilot_pipeline.cohort.power import adoption_line
from pilot_pipeline.kpis.intervals import (
    FloatArray,
    Interval,
    clopper_pearson,
    cluster_bootstrap,
    korn_graubard,
    t_interval_from_sums,
)

ADOPTION_MARGIN = 0.10
"""How far below its target adoption's lower bound may lie."""


@dataclass(frozen=True)
class ShareEstimate:
    """A share of people, with exact and clustered intervals."""

    share: float
    ci_low: float
    ci_high: float
    clustered_low: float
    clustered_high: float


@dataclass(frozen=True)
class AdoptionEstimate(ShareEstimate):
    """Adoption at the deadline week: `active` of `n` people, and how many a go needs."""

    active: int
    n: int
    needed: int
    sustained: float | None


class MeanEstimate(NamedTuple):
    """A mean over people with Student's interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class PulseEstimate:
    """Pulse over people (item scores); the bounds on what the silent would have said are `worst` and `best`."""

    mean: float
    ci_low: float
    ci_high: float
    respondents: int
    response: tuple[tuple[int, float], ...]
    worst: float
    best: float


def adoption_estimate(
    active: npt.ArrayLike, clusters: npt.ArrayLike, target: float, sustained: float | None
) -> AdoptionEstimate:
    """Return adoption at the deadline week.

    Args:
        active: 0 or 1 per person of the adoption denominator, shape (people,).
        clusters: the cluster of each person, for the Korn-Graubard interval beside the exact one.
        target: share that a go needs.
        sustained: mean weekly share after the deadline week, None where there is no such week.
    """
    y = np.asarray(active, dtype=np.float64)
    k, n = int(y.sum()), y.size
    return AdoptionEstimate(
        **asdict(share_estimate(y, clusters)), active=k, n=n, needed=adoption_line(n, target), sustained=sustained
    )


def share_estimate(yes: npt.ArrayLike, clusters: npt.ArrayLike) -> ShareEstimate:
    """Return the share of people of whom something holds, with 90 % intervals: Clopper-Pearson, and Korn-Graubard.

    Args:
        yes: 0 or 1 per person, shape (people,), at least one person.
        clusters: the cluster of each person.
    """
    y = np.asarray(yes, dtype=np.float64)
    exact, clustered = clopper_pearson(int(y.sum()), y.size), korn_graubard(y, clusters)
    return ShareEstimate(int(y.sum()) / y.size, exact.low, exact.high, clustered.low, clustered.high)


def mean_estimate(values: FloatArray) -> MeanEstimate:
    """Return the mean over people of their own means, shape (people,), with Student's 90 % interval."""
    y = np.sort(values)  # so that the last digit does not depend on who comes first
    found = t_interval_from_sums(y.size, y.sum(), float(y @ y))
    return MeanEstimate(float(found.value), float(found.low), float(found.high))


def completion_interval(completed: npt.ArrayLike, assigned: npt.ArrayLike, seed: int = 0) -> tuple[float, Interval]:
    """Return pooled completion, completed / assigned, with a 90 % bootstrap interval over participants (BCa).

    Args:
        completed: modules per participant, shape (people,); assigned: the same, each above 0.
        assigned: see above.
        seed: of the bootstrap.
    """
    x, y = np.asarray(completed, dtype=np.float64), np.asarray(assigned, dtype=np.float64)
    return float(x.sum() / y.sum()), cluster_bootstrap(x, y, seed=seed)


def pulse_estimate(scores: FloatArray, weeks: tuple[int, ...]) -> PulseEstimate:
    """Return the pulse: the mean over people of each person's mean over answered waves, with a t interval.

    Args:
        scores: mean item scores, shape (people, waves), NaN where a person did not answer; every person of the
            adoption denominator has a row.
        weeks: the week of each wave.

    Worst and best put 1 and 5 for every silence; they are reported and never gated.
    """
    scores = scores[np.lexsort(scores.T)]  # so that the last digit does not depend on who comes first
    answered = ~np.isnan(scores)
    spoke = answered.any(axis=1)
    filled = np.where(answered, scores, 0.0)
    person = filled[spoke].sum(axis=1) / answered[spoke].sum(axis=1)
    found = t_interval_from_sums(person.size, person.sum(), float(person @ person))
    return PulseEstimate(
        mean=float(found.value),
        ci_low=float(found.low),
        ci_high=float(found.high),
        respondents=int(spoke.sum()),
        response=tuple(zip(weeks, (float(share) for share in answered.mean(axis=0)), strict=True)),
        worst=float(np.where(answered, scores, 1.0).mean()),
        best=float(np.where(answered, scores, 5.0).mean()),
    )
