"""How many pairs an organisation could give at each rung of the ladder, and which constraint is in the way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pilot_pipeline.cohort.ladder import CONSTRAINTS, NEVER, Admissibility, Ints, apply_ladder, build_ladder
from pilot_pipeline.cohort.metric import build_metric
from pilot_pipeline.config.models import PilotConfig

_ROWS_AT_ONCE = 500


@dataclass(frozen=True)
class Feasibility:
    """What an organisation's own structure allows, whoever volunteers.

    Attributes:
        rungs: rung, people (who have at least one possible partner up to this rung), pairs (disjoint ones that can be
            had at the same time up to this rung; at least so many).
        blocked: constraint, people: of those without any partner, how many would have one if this constraint alone
            were given up.
        people: how many people were looked at.
        alone: how many of them have no possible partner at all.
        notes: which rungs were skipped, and why.
    """

    rungs: pd.DataFrame
    blocked: pd.DataFrame
    people: int
    alone: int
    notes: tuple[str, ...]


def feasible_pairs(workforce: pd.DataFrame, eligible: pd.Series, config: PilotConfig) -> Feasibility:
    """Look at every eligible person as a possible participant or control.

    Args:
        workforce: see `cohort.workforce.build_workforce`.
        eligible: mask over the workforce: who could take part.
        config: `cohort` is used.
    """
    people = workforce.sort_values("id_rank", kind="stable").reset_index(drop=True)
    chosen = np.flatnonzero(people["employee_id"].isin(workforce.loc[eligible, "employee_id"]).to_numpy())
    metric = build_metric(people, config.cohort.balance)
    ladder = build_ladder(config.cohort, people)
    applied = apply_ladder(ladder, metric, people)
    lowest = np.concatenate([need.min(axis=1, initial=NEVER) for _, need in _needs(chosen, applied)] or [[]])
    rungs = pd.DataFrame(
        {
            "rung": list(ladder.rungs),
            "people": [int((lowest <= number).sum()) for number in range(len(ladder.rungs))],
            "pairs": [_disjoint(chosen, applied, number) for number in range(len(ladder.rungs))],
        }
    )
    rungs["pairs"] = rungs["pairs"].cummax()
    alone = np.flatnonzero(lowest == NEVER)
    return Feasibility(rungs, _blocked(chosen, alone, applied), len(chosen), len(alone), ladder.notes)


def _needs(chosen: Ints, applied: Admissibility) -> Iterator[tuple[Ints, np.ndarray]]:
    """Yield rows of the eligible × eligible table of rungs, nobody being a partner of oneself."""
    for start in range(0, len(chosen), _ROWS_AT_ONCE):
        rows = np.arange(start, min(start + _ROWS_AT_ONCE, len(chosen)))
        need = applied.needs(chosen[rows], chosen)
        need[np.arange(len(rows)), rows] = NEVER
        yield rows, need


def _blocked(chosen: Ints, alone: Ints, applied: Admissibility) -> pd.DataFrame:
    counts = dict.fromkeys(CONSTRAINTS, 0)
    for start in range(0, len(alone), _ROWS_AT_ONCE):
        rows = alone[start : start + _ROWS_AT_ONCE]
        needs = applied.needs_by_constraint(chosen[rows], chosen)
        holds = {name: needs[name] < NEVER for name in CONSTRAINTS}
        for name in CONSTRAINTS:
            others = np.logical_and.reduce([holds[other] for other in CONSTRAINTS if other != name])
            others[np.arange(len(rows)), rows] = False
            counts[name] += int(others.any(axis=1).sum())
    return pd.DataFrame({"constraint": list(counts), "people": list(counts.values())})


def _disjoint(chosen: Ints, applied: Admissibility, rung: int) -> int:
    """Count pairs of neighbours in performance within the widest groups that a rung allows.

    Within one group a pair is admissible exactly when its scores lie inside the caliper, and then pairing neighbours
    from one end gives the most pairs (maximum matching in a unit interval graph). Where units do not nest, it is a
    number that can be reached, not the largest one.
    """
    keys = [
        _widest(applied, alternatives, chosen, rung) for alternatives in (applied.ladder.place, applied.ladder.role)
    ]
    keys += [applied.codes[column][chosen] for column in applied.ladder.fixed]
    width = max(width for width, from_rung in applied.ladder.calipers if from_rung <= rung)
    frame = pd.DataFrame(dict(enumerate(keys)))
    frame["score"] = applied.metric.performance[chosen]
    frame = frame[(frame.drop(columns="score") >= 0).all(axis=1)]
    widest = width * applied.metric.performance_sd * (1 + 1e-12)
    groups = frame.groupby(list(frame.columns[:-1]))["score"] if len(keys) else [(None, frame["score"])]
    return sum(_neighbours(scores.to_numpy(), widest) for _, scores in groups)


def _widest(applied: Admissibility, alternatives: tuple[tuple[str, int], ...], chosen: Ints, rung: int) -> Ints:
    granted = [column for column, from_rung in alternatives if from_rung <= rung]
    codes = applied.codes[granted[-1]][chosen] if granted else np.zeros(len(chosen), dtype=np.int64)
    if granted[-1:] == ["role_family"]:  # whoever has no family has the role to go by
        role = applied.codes["role"][chosen]
        codes = np.where(codes >= 0, codes + role.max(initial=0) + 1, role)
    return codes


def _neighbours(scores: np.ndarray, widest: float) -> int:
    missing = int(np.isnan(scores).sum())
    pairs, ordered, at = missing // 2, np.sort(scores[~np.isnan(scores)]), 0
    while at + 1 < len(ordered):
        fits = ordered[at + 1] - ordered[at] <= widest
        pairs, at = pairs + fits, at + 1 + fits
    return int(pairs)
