"""Pairs among volunteers and the coin of `matched_pair_randomised`; controls for given people are `matching`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from pilot_pipeline.cohort.ladder import CONSTRAINTS, NEVER, Admissibility, Ints, Rungs
from pilot_pipeline.cohort.matching import Pairs, stack
from pilot_pipeline.cohort.metric import Floats

_EXACT_UP_TO = 100_000  # admissible pairs among linked people; above, each keeps the nearest partners only
_PARTNERS = 20
_GOOD_SMD, _MOST_TOSSES = 0.1, 1000
_UNITS = 10**9  # distances are compared in units of 1e-9
_LOTS = 2**12


def pair_volunteers(volunteers: Ints, admissibility: Admissibility, rungs: int | None = None) -> pd.DataFrame:
    """Pair volunteers with each other: most pairs, then lowest rungs, then least total distance.

    Args:
        volunteers: positions in the workforce, ascending.
        admissibility: the ladder applied to the workforce.
        rungs: use only so many of the ladder's rungs, the lowest; default: all.

    Returns:
        One row per pair: pilot (the lower position; the coin comes later), control, rung, distance.

    Edmonds' maximum-weight matching (rustworkx, after Galil 1986, ACM Computing Surveys 18) on integer weights of 128
    bits, so that the goals rank exactly. Optimal nonbipartite matching for pairs before randomisation: Greevy, Lu,
    Silber and Rosenbaum 2004, Biostatistics 5. Where people are linked by more than 100,000 admissible pairs (about 450
    people who could all be paired with each other), each keeps the 20 nearest partners only.
    """
    levels = rungs or len(admissibility.ladder.rungs)
    found: list[Pairs] = []
    for block in dict.fromkeys(admissibility.blocks[volunteers].tolist()):
        people = volunteers[admissibility.blocks[volunteers] == block]
        found.extend(_pair_block(people, admissibility, levels))
    return stack(found)


def _pair_block(people: Ints, admissibility: Admissibility, levels: int) -> Iterator[Pairs]:
    """Solve each group of people who are linked by admissible pairs on its own."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    need = admissibility.needs(people, people)
    np.fill_diagonal(need, NEVER)
    labels = connected_components(csr_array((need < levels).astype(np.float64)), directed=False)[1]
    for label in dict.fromkeys(labels.tolist()):
        inside = np.flatnonzero(labels == label)
        if len(inside) > 1:
            yield _pair_linked(people[inside], need[np.ix_(inside, inside)], admissibility, levels)


def _pair_linked(people: Ints, need: Rungs, admissibility: Admissibility, levels: int) -> Pairs:
    distance = admissibility.metric.distances(people, people)
    keep = np.triu(need < levels, k=1)
    if np.count_nonzero(keep) > _EXACT_UP_TO:
        keep &= _nearest(need, distance)
    left, right = np.nonzero(keep)
    units = np.rint(distance[left, right] * _UNITS).astype(np.int64).tolist()
    # Equal distances would leave the choice to the library; a fixed lot per edge, below every distance, decides it.
    lots = np.random.default_rng(len(people)).integers(0, _LOTS, len(left)).tolist()
    rungs = need[left, right].tolist()
    farthest = max(units, default=0)
    # One pair at a lower rung outweighs all pairs above it, any rung outweighs every distance, and that every lot.
    above = len(people) // 2 + 1
    scale = above * (farthest + 1) * above * _LOTS
    weights = [
        scale * above ** (levels - 1 - rung) + (farthest - unit) * above * _LOTS + lot
        for rung, unit, lot in zip(rungs, units, lots, strict=True)
    ]
    first, second = _best_pairs(left, right, weights)
    return people[first], people[second], need[first, second], distance[first, second]


def _best_pairs(left: Ints, right: Ints, weights: list[int]) -> tuple[Ints, Ints]:
    """Return the ends of the edges of a maximum-weight matching among those with the most edges."""
    import rustworkx as rx

    graph: rx.PyGraph[None, int] = rx.PyGraph(multigraph=False)
    graph.add_nodes_from([None] * (int(right.max(initial=-1)) + 1))
    graph.add_edges_from(list(zip(left.tolist(), right.tolist(), weights, strict=True)))
    matching = rx.max_weight_matching(graph, max_cardinality=True, weight_fn=int)
    pairs = np.array(sorted(tuple(sorted(pair)) for pair in matching), dtype=np.int64).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]


def _nearest(need: np.ndarray, distance: np.ndarray) -> np.ndarray:
    """Keep for each person the nearest partners at the lowest rungs (an edge stays if either end wants it)."""
    rank = need.astype(np.float64) * (distance.max() + 1) + distance
    np.fill_diagonal(rank, np.inf)
    wanted = np.zeros(rank.shape, dtype=bool)
    np.put_along_axis(wanted, np.argsort(rank, axis=1, kind="stable")[:, :_PARTNERS], True, axis=1)
    return np.asarray(wanted | wanted.T)


def pair_gains(volunteers: Ints, admissibility: Admissibility) -> dict[str, int]:
    """Return how many more pairs there would be if one constraint of `CONSTRAINTS` were given up altogether."""
    needs = admissibility.needs_by_constraint(volunteers, volunteers)
    holds = {name: np.triu(needs[name] < NEVER, k=1) for name in CONSTRAINTS}
    now = _most_pairs(np.logical_and.reduce(list(holds.values())))
    return {
        name: _most_pairs(np.logical_and.reduce([mask for other, mask in holds.items() if other != name])) - now
        for name in CONSTRAINTS
    }


def _most_pairs(edges: np.ndarray) -> int:
    left, right = np.nonzero(edges)
    return len(_best_pairs(left, right, [1] * len(left))[0])


def toss(pairs: pd.DataFrame, seed: int, standardised: Floats) -> tuple[pd.DataFrame, int]:
    """Let a seeded fair coin decide, pair by pair, which of the two gets the tool.

    Args:
        pairs: pilot and control as positions.
        seed: of the coin.
        standardised: the covariates by position, in SDs.

    Returns:
        The pairs with their arms, and how often all coins were tossed: again until no covariate's mean differs by more
        than 0.1 SD between the arms, at most 1,000 times, then the best of them (rerandomisation, Morgan and Rubin
        2012, Annals of Statistics 40). A sign-flip test stays valid after it, if anything conservative.
    """
    coin = np.random.default_rng(seed)
    difference = standardised[pairs["pilot"].to_numpy()] - standardised[pairs["control"].to_numpy()]
    best, least, tosses = np.zeros(len(pairs), dtype=bool), np.inf, 0
    while least > _GOOD_SMD and tosses < _MOST_TOSSES:
        swap = coin.random(len(pairs)) < 0.5
        worst = float(np.abs(np.where(swap, -1.0, 1.0) @ difference / len(pairs)).max(initial=0.0))
        tosses += 1
        if worst < least:
            best, least = swap, worst
    pilot = np.where(best, pairs["control"], pairs["pilot"])
    control = np.where(best, pairs["pilot"], pairs["control"])
    return pairs.assign(pilot=pilot, control=control), tosses
