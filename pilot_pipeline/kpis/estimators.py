"""The KPI estimators of the close-out, as functions of arrays; joining people into pairs and judging are elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from pilot_pipeline.kpis.flip_bounds import ancova_bounds, ratio_bounds
from pilot_pipeline.kpis.intervals import (
    FloatArray,
    Interval,
    clopper_pearson,
    cluster_bootstrap,
    cluster_sums,
    korn_graubard,
    t_interval_from_sums,
)
from pilot_pipeline.kpis.signflip import ancova_signflip, signflip_p

TAIL = 0.05
"""Error of either bound: two-sided 90 % intervals, one-sided 95 % bounds."""
FUTILITY_TAIL = 0.10
"""Error of the upper bound that calls an effect futile."""
ADOPTION_MARGIN = 0.10
"""How far below its target adoption's lower bound may lie."""


@dataclass(frozen=True)
class EffectEstimate:
    """An effect of the tool, pilot minus control, in the KPI's unit; `unit_effect` and `sd_pair` in the tested unit.

    For behaviour both units are score points; for prep time the KPI's unit is a share and minutes are tested.
    """

    effect: float
    ci_low: float
    ci_high: float
    upper90: float
    p_pair: float
    p_manager: float
    p_harm: float
    se: float
    unadjusted: float
    unit_effect: float
    sd_pair: float
    n_complete: int
    n_clusters: int


@dataclass(frozen=True)
class AdoptionEstimate:
    """Adoption at the deadline week: `active` of `n` people, with exact and clustered intervals (shares)."""

    active: int
    n: int
    ci_low: float
    ci_high: float
    clustered_low: float
    clustered_high: float
    needed: int
    sustained: float | None

    @property
    def share(self) -> float:
        """Active people over the adoption denominator."""
        return self.active / self.n


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


def behaviour_effect(
    d_end: npt.ArrayLike, d_start: npt.ArrayLike, clusters: npt.ArrayLike, seed: int = 0
) -> EffectEstimate:
    """Return the effect on behaviour: the intercept of d_end on d_start (ANCOVA of pair differences).

    Args:
        d_end: pilot minus control, end scores of complete pairs, shape (pairs,), at least 3 pairs.
        d_start: the same of start scores.
        clusters: the judging cluster of each pair.
        seed: of Monte Carlo sign patterns, beyond 20 units.

    p-values refit with both differences flipped, by cluster (`p_manager`, `p_harm`) and by pair (`p_pair`). Where all
    d_start are equal the line cannot be fitted and the change score takes its place.
    Source: Vickers & Altman 2001 (BMJ 323:1123) for ANCOVA; `signflip` and `flip_bounds` for tests and bounds.
    """
    y, x = np.asarray(d_end, dtype=np.float64), np.asarray(d_start, dtype=np.float64)
    unadjusted = float(np.mean(y - x))
    if np.ptp(x) == 0:
        y, x = y - x, np.zeros_like(x)
    intercept, error = _clustered_ols_intercept(y, x, clusters)
    ci = ancova_bounds(y, x, clusters, TAIL, seed)
    upper = ancova_bounds(y, x, clusters, FUTILITY_TAIL, seed).high
    count = cluster_sums(y, clusters)[0].size
    ci, upper = _finite(ci, upper, intercept, error, count)
    return EffectEstimate(
        effect=intercept,
        ci_low=ci.low,
        ci_high=ci.high,
        upper90=upper,
        p_pair=ancova_signflip(y, x, None, "greater", seed),
        p_manager=ancova_signflip(y, x, clusters, "greater", seed),
        p_harm=ancova_signflip(y, x, clusters, "less", seed),
        se=error,
        unadjusted=unadjusted,
        unit_effect=intercept,
        sd_pair=float(np.std(y, ddof=1)),
        n_complete=y.size,
        n_clusters=count,
    )


def prep_time_effect(
    saved: npt.ArrayLike, baseline: npt.ArrayLike, clusters: npt.ArrayLike, seed: int = 0
) -> EffectEstimate:
    """Return the reduction of prep time, as a share of baseline minutes.

    Args:
        saved: (before - during) of the pilot person minus that of the control, minutes per report and week, (pairs,).
        baseline: mean of before over both people of the pair, minutes, with a positive sum.
        clusters: the judging cluster of each pair.
        seed: of Monte Carlo sign patterns, beyond 20 units.

    effect = mean(saved) / mean(baseline) over complete pairs. p-values test the minutes; `unit_effect` and `sd_pair`
    are minutes, the rest is shares. The bounds resample clusters (see `flip_bounds`): they exclude zero exactly
    when the p-value of the minutes does.
    """
    d, b = np.asarray(saved, dtype=np.float64), np.asarray(baseline, dtype=np.float64)
    ratio = float(d.sum() / b.sum())
    sums = cluster_sums(d, clusters)[0]
    error = _between(cluster_sums(d - ratio * b, clusters)[0]) / float(b.sum())
    ci = ratio_bounds(d, b, clusters, TAIL, seed)
    upper = ratio_bounds(d, b, clusters, FUTILITY_TAIL, seed).high
    ci, upper = _finite(ci, upper, ratio, error, sums.size)
    return EffectEstimate(
        effect=ratio,
        ci_low=ci.low,
        ci_high=ci.high,
        upper90=upper,
        p_pair=signflip_p(d, "greater", seed),
        p_manager=signflip_p(sums, "greater", seed),
        p_harm=signflip_p(sums, "less", seed),
        se=error,
        unadjusted=ratio,
        unit_effect=float(d.mean()),
        sd_pair=float(np.std(d, ddof=1)),
        n_complete=d.size,
        n_clusters=sums.size,
    )


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
    exact, clustered = clopper_pearson(k, n), korn_graubard(y, clusters)
    return AdoptionEstimate(
        active=k,
        n=n,
        ci_low=exact.low,
        ci_high=exact.high,
        clustered_low=clustered.low,
        clustered_high=clustered.high,
        needed=active_needed(n, target),
        sustained=sustained,
    )


def active_needed(n: int, target: float, margin: float = ADOPTION_MARGIN) -> int:
    """Return the fewest active people of n that reach the adoption target with enough certainty.

    The share is at least `target` and its one-sided 95 % Clopper-Pearson bound at least target - margin: 23 of 30 and
    37 of 50 at 0.70. Where even n of n leaves the bound too low the answer is n + 1.
    """
    floor = target - margin - 1e-12
    first = max(0, int(np.ceil(target * n - 1e-9)))
    return next((k for k in range(first, n + 1) if clopper_pearson(k, n).low >= floor), n + 1)


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


def _clustered_ols_intercept(y: FloatArray, x: FloatArray, clusters: npt.ArrayLike) -> tuple[float, float]:
    """Return the intercept of y on x and its CR1 cluster-robust standard error (Liang & Zeger 1986)."""
    n, slopes = y.size, int(np.ptp(x) > 0)
    dx = x - x.mean()
    weight = np.full(n, 1 / n)
    slope = 0.0
    if slopes:
        spread = float(dx @ dx)
        slope = float(dx @ y) / spread
        weight = 1 / n - x.mean() * dx / spread
    intercept = float(y.mean() - slope * x.mean())
    scores = cluster_sums(weight * (y - intercept - slope * x), clusters)[0]
    small = (n - 1) / (n - 1 - slopes) if n > 1 + slopes else np.nan
    return intercept, _between(scores) * float(np.sqrt(small))


def _between(scores: FloatArray) -> float:
    """Return the standard error of a sum from its centred cluster sums; NaN with one cluster."""
    count = scores.size
    return float(np.sqrt(count / (count - 1) * (scores @ scores))) if count > 1 else float("nan")


def _finite(ci: Interval, upper: float, estimate: float, error: float, clusters: int) -> tuple[Interval, float]:
    """Put Student's bounds between clusters where there are too few sign patterns for that tail."""
    if clusters < 2:
        return Interval(float("nan"), float("nan")), float("inf")
    half = float(stats.t.isf(TAIL, clusters - 1)) * error
    if not np.isfinite(ci.low + ci.high):
        ci = Interval(estimate - half, estimate + half)
    if not np.isfinite(upper):
        upper = estimate + float(stats.t.isf(FUTILITY_TAIL, clusters - 1)) * error
    return ci, upper
