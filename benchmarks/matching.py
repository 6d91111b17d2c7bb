"""What optimal matching costs beside computing the admissible distances, a dense assignment and a greedy k-d tree.

    python benchmarks/matching.py

Sizes: 50 × 100,000 and 5,000 × 200,000 in exact strata (manager and role) with a caliper of 0.5 SD. Every contestant
gets the same people and sorts them into strata in the same way. The yardstick is what no method can do without: which
pairs are admissible, and how far apart they are.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from recording import record
from scipy.optimize import linear_sum_assignment
from scipy.spatial import cKDTree

from pilot_pipeline.cohort.ladder import NEVER, Admissibility, Ladder, apply_ladder
from pilot_pipeline.cohort.matching import blocks_of, match_controls
from pilot_pipeline.cohort.metric import build_metric

SIZES = ((50, 100_000, 200), (5_000, 200_000, 500))
ROLES = 5
DENSE_CELLS = 20_000_000  # what fits into memory here as one matrix
LADDER = Ladder(("exact",), (("manager_id", 0),), (("role", 0),), (), ((0.5, 0),))


def workforce(people: int, managers: int, seed: int) -> pd.DataFrame:
    """Made-up people under so many managers, in five roles."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "manager_id": pd.Series(rng.integers(0, managers, people)).map(lambda code: f"m{code}"),
            "role": np.array(["Engineer", "Scientist", "Seller", "Analyst", "Writer"])[rng.integers(0, ROLES, people)],
            "performance_score": rng.normal(3.2, 0.6, people),
            "tenure_years": rng.gamma(2, 3, people),
        }
    )


def distances_only(admissibility: Admissibility, first: np.ndarray, second: np.ndarray) -> tuple[int, float]:
    """The yardstick."""
    count = 0
    for rows, columns in blocks_of(first, second, admissibility):
        admissibility.metric.distances(rows, columns)
        count += int((admissibility.needs(rows, columns) < NEVER).sum())
    return count, np.nan


def optimal(admissibility: Admissibility, first: np.ndarray, second: np.ndarray) -> tuple[int, float]:
    """Ours."""
    pairs = match_controls(first, second, admissibility)
    return len(pairs), float(pairs["distance"].sum())


def dense(admissibility: Admissibility, first: np.ndarray, second: np.ndarray) -> tuple[int, float]:
    """One matrix of everybody with everybody; inadmissible pairs at a price above all others."""
    metric, distance = admissibility.metric, admissibility.metric.distances(first, second)
    admissible = admissibility.needs(first, second) < NEVER
    distance[~admissible] = metric.coordinates.max() * 1e3 * len(first)
    rows, columns = linear_sum_assignment(distance)
    kept = admissible[rows, columns]
    return int(kept.sum()), float(distance[rows, columns][kept].sum())


def greedy(admissibility: Admissibility, first: np.ndarray, second: np.ndarray) -> tuple[int, float]:
    """Everyone in turn takes the nearest who is left, from a k-d tree per stratum."""
    metric, pairs, total = admissibility.metric, 0, 0.0
    caliper = LADDER.calipers[0][0] * metric.performance_sd
    for rows, columns in blocks_of(first, second, admissibility):
        tree = cKDTree(metric.coordinates[columns])
        found, order = tree.query(metric.coordinates[rows], k=min(len(rows) + 20, len(columns)))
        taken: set[int] = set()
        for row, distances, nearest in zip(rows, np.atleast_2d(found), np.atleast_2d(order), strict=True):
            for distance, place in zip(distances, nearest, strict=True):
                near = abs(metric.performance[row] - metric.performance[columns[place]]) <= caliper
                if near and int(place) not in taken:
                    taken.add(int(place))
                    pairs, total = pairs + 1, total + float(distance)
                    break
    return pairs, total


CONTESTANTS: dict[str, Callable[..., tuple[int, float]]] = {
    "admissible distances alone": distances_only,
    "optimal (ours)": optimal,
    "dense assignment": dense,
    "greedy k-d tree": greedy,
}


def compare(pilots: int, controls: int, managers: int, repeats: int = 9, seed: int = 1) -> list[dict[str, Any]]:
    """Run every contestant on the same people, in turn, and return its median time, pairs and total distance."""
    people = workforce(pilots + controls, managers, seed)
    admissibility = apply_ladder(LADDER, build_metric(people, ("performance_score", "tenure_years")), people)
    first, second = np.arange(pilots), np.arange(pilots, pilots + controls)
    contestants = dict(CONTESTANTS)
    if pilots * controls > DENSE_CELLS:
        del contestants["dense assignment"]
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    results = {}
    for _ in range(repeats):
        for name, run in contestants.items():
            begun = time.perf_counter()
            results[name] = run(admissibility, first, second)
            seconds[name].append(time.perf_counter() - begun)
    yardstick = float(np.median(seconds["admissible distances alone"]))
    return [
        {
            "size": f"{pilots:,} × {controls:,}",
            "contestant": name,
            "times the distances": round(float(np.median(seconds[name])) / yardstick, 2),
            "pairs": None if np.isnan(results[name][1]) else results[name][0],
            "total distance": None if np.isnan(results[name][1]) else round(results[name][1], 9),
        }
        for name in contestants
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--repeats", type=int, default=9)
    repeats = parser.parse_args().repeats
    rows = [row for size in SIZES for row in compare(*size, repeats=repeats)]
    print(pd.DataFrame(rows).to_string(index=False, na_rep=""))
    print(f"A dense assignment of 5,000 × 200,000 would need {5_000 * 200_000 * 8 / 1e9:.0f} GB for its one matrix.")
    record("matching", rows)


if __name__ == "__main__":
    main()
