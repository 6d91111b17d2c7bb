"""Random draws of what is uncertain in the value: effects, leaving rates, prices; what they add up to is `levers`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pilot_pipeline.value.inputs import AttritionCount, Floats

WEEKS_PER_YEAR = 365.25 / 7


@dataclass(frozen=True)
class ClusterMean:
    """Means of several measures with their cluster covariance (measures × measures) and degrees of freedom."""

    mean: Floats
    covariance: Floats
    df: int


def cluster_mean(values: pd.DataFrame, clusters: pd.Series[int]) -> ClusterMean | None:
    """Return the measures' means and the cluster-robust covariance of those means; None below two clusters.

    `values` has a column per measure and NaN where a pair is missing: each measure's mean is over its own pairs, and
    the degrees of freedom are those of the measure with the fewest clusters. Source: Liang & Zeger 1986 with the
    G/(G − 1) correction; t on G − 1 degrees of freedom as in Cameron, Gelbach & Miller 2008.
    """
    present = values.notna()
    judged = [int(clusters[present[column]].nunique()) for column in values]
    if not judged or min(judged) < 2:
        return None
    mean = values.mean()
    influence = (values - mean).fillna(0.0) / present.sum()
    sums = influence.groupby(clusters).sum().to_numpy(dtype=float)
    groups = np.array(judged, dtype=float)
    correction = np.sqrt(groups / (groups - 1))
    scaled = sums * correction
    return ClusterMean(mean.to_numpy(dtype=float), scaled.T @ scaled, min(judged) - 1)


def draw_means(estimate: ClusterMean, size: int, rng: np.random.Generator) -> Floats:
    """Return `size` joint draws (size × measures) from the multivariate t around the means.

    Source: Kotz & Nadarajah 2004, a normal vector over the root of an independent chi-square by its degrees of freedom.
    """
    # The Gram matrix may be singular (more measures than clusters), which the eigen root bears and Cholesky does not.
    values, vectors = np.linalg.eigh(estimate.covariance)
    root = vectors * np.sqrt(np.clip(values, 0.0, None))
    normal = rng.standard_normal((size, len(estimate.mean))) @ root.T
    heavy = np.sqrt(rng.chisquare(estimate.df, size) / estimate.df)
    draws: Floats = estimate.mean + normal / heavy[:, None]
    return draws


def draw_yearly_leaving(count: AttritionCount, size: int, rng: np.random.Generator) -> Floats:
    """Return draws of the yearly voluntary leaving rate: Jeffreys beta over the observed weeks, compounded to a year.

    Source: Jeffreys prior Beta(1/2, 1/2) for a binomial share (Brown, Cai & DasGupta 2001).
    """
    over_weeks = rng.beta(count.leavers + 0.5, count.n - count.leavers + 0.5, size)
    yearly: Floats = 1.0 - (1.0 - over_weeks) ** (WEEKS_PER_YEAR / count.weeks)
    return yearly


def draw_pert(low: float, likely: float, high: float, size: int, rng: np.random.Generator) -> Floats:
    """Return draws from PERT(low, likely, high); a range without width is its one value.

    Source: Malcolm et al. 1959, the beta with mean (low + 4 likely + high) / 6.
    """
    width = high - low
    if width <= 0:
        return np.full(size, float(likely))
    left, right = 1 + 4 * (likely - low) / width, 1 + 4 * (high - likely) / width
    draws: Floats = low + width * rng.beta(left, right, size)
    return draws
