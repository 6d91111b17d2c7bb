"""The distance between two people: Mahalanobis on the declared covariates; who may be paired at all is `ladder`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pilot_pipeline.cohort.workforce import numbers

Floats = NDArray[np.float64]
_RESIDUAL = 1e-6
_WORLDS_APART = 1000.0


@dataclass(frozen=True)
class Metric:
    """Where each person of the workforce stands.

    `standardised` (people × covariates) holds the usable covariates in SDs, `coordinates` the same whitened, so that
    the Euclidean distance between two rows is their Mahalanobis distance. `performance` is the raw score (NaN where
    missing), `performance_sd` its SD in the workforce. `notes` name what was left out or filled in.
    """

    standardised: Floats
    coordinates: Floats
    performance: Floats
    performance_sd: float
    notes: tuple[str, ...]

    def distances(self, first: NDArray[np.int64], second: NDArray[np.int64]) -> Floats:
        """Return the len(first) × len(second) Mahalanobis distances between people given by position."""
        squares = np.zeros((len(first), len(second)))
        for column in self.coordinates.T:
            squares += (column[first][:, None] - column[second][None, :]) ** 2
        return np.sqrt(squares)


def build_metric(workforce: pd.DataFrame, covariates: Sequence[str]) -> Metric:
    """Measure the whole workforce, so that distances do not change with who happens to be in the pool.

    Every covariate is standardised before the covariance is inverted (an unscaled salary beside an age would make the
    inverse lose a dimension). A missing value takes the mean, and the fact that it is missing becomes a covariate of
    its own (Rosenbaum 2010, *Design of Observational Studies*, 9.4). Constant and collinear covariates are left out and
    named.
    """
    notes: list[str] = []
    columns: list[tuple[str, Floats]] = []
    spreads: dict[str, float] = {}
    for name in covariates:
        raw = numbers(workforce[name])
        missing = np.isnan(raw)
        if missing.all():
            notes.append(f"{name} is empty for everyone; it cannot balance anything.")
            continue
        centred = np.where(missing, 0.0, raw - raw[~missing].mean())
        if _is_constant(raw[~missing]):
            notes.append(f"{name} is the same for everyone who has one; it cannot balance anything.")
        else:
            spreads[name] = float(centred.std())
            columns.append((name, centred / spreads[name]))
        if missing.any():
            notes.append(
                f"{name} is missing for {missing.sum()} of {len(raw)} people: they take the mean, and whether it is "
                "missing is matched on as well."
            )
            flag = missing - missing.mean()
            columns.append((f"{name} missing", flag / flag.std()))
    notes += _of_other_scale(spreads)
    performance = numbers(workforce["performance_score"])
    standardised = _independent(columns, len(workforce), notes)
    return Metric(standardised, _whiten(standardised), performance, _sd(performance), tuple(notes))


def _of_other_scale(spreads: Mapping[str, float]) -> list[str]:
    """Reassure about covariates whose units are worlds apart, say a salary in cents beside an age in years."""
    if not spreads:
        return []
    narrow, wide = min(spreads, key=lambda name: spreads[name]), max(spreads, key=lambda name: spreads[name])
    times = spreads[wide] / spreads[narrow]
    if times < _WORLDS_APART:
        return []
    return [
        f"{wide} varies {times:,.0f} times as much as {narrow}, each in its own unit; both were standardised first, so "
        "that the unit decides nothing."
    ]


def _independent(columns: list[tuple[str, Floats]], people: int, notes: list[str]) -> Floats:
    """Drop columns that earlier ones already determine (Gram-Schmidt); returns people × what is left."""
    basis: list[Floats] = []
    kept: list[Floats] = []
    for name, column in columns:
        residual = column.copy()
        for direction in (*basis, *basis):  # twice is enough: Kahan and Parlett, in Parlett 1980, 6-9
            residual -= direction * (direction @ residual)
        length = float(np.linalg.norm(residual))
        if length <= _RESIDUAL * np.sqrt(people):
            if not name.endswith(" missing"):
                notes.append(f"{name} is determined by the covariates before it (collinear); it adds nothing.")
            continue
        basis.append(residual / length)
        kept.append(column)
    if not kept:
        notes.append("No covariate distinguishes people; every admissible control is equally near.")
        return np.zeros((people, 0))
    return np.column_stack(kept)


def _whiten(matrix: Floats) -> Floats:
    """Turn standardised columns into uncorrelated ones of unit variance, by the Cholesky factor of the correlation."""
    if not matrix.shape[1]:
        return matrix
    factor = np.linalg.cholesky(matrix.T @ matrix / len(matrix))
    return np.asarray(np.linalg.solve(factor, matrix.T).T)


def _is_constant(values: Floats) -> bool:
    return float(np.ptp(values)) <= 1e-12 * max(1.0, float(np.abs(values).max()))


def _sd(values: Floats) -> float:
    known = values[~np.isnan(values)]
    return float(known.std(ddof=1)) if len(known) > 1 else 0.0
