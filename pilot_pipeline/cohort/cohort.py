"""Forms the cohort in either design and says what it is; each step (pool, ladder, matching, coin) is its own file."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import numpy as np
import pandas as pd

from pilot_pipeline.cohort import wording
from pilot_pipeline.cohort.balance import BALANCE_COLUMNS, balance_table
from pilot_pipeline.cohort.clusters import judging_clusters
from pilot_pipeline.cohort.ladder import Admissibility, Ints, apply_ladder, build_ladder
from pilot_pipeline.cohort.matching import blocks_of, gains, match_controls, obstacles
from pilot_pipeline.cohort.metric import build_metric
from pilot_pipeline.cohort.pairing import pair_gains, pair_volunteers, toss
from pilot_pipeline.cohort.pool import Pool, sort_people
from pilot_pipeline.cohort.relaxations import relaxations
from pilot_pipeline.cohort.volunteers import Attempt, choose_pairs
from pilot_pipeline.config.models import PilotConfig
from pilot_pipeline.errors import BadInput

SMALLEST, LARGEST = 20, 50
MEMBER_COLUMNS = (
    "employee_id",
    "arm",
    "pair_id",
    "cluster",
    "rung",
    "distance",
    "manager_id",
    "manager_of_manager",
    "business_unit",
    "department",
    "role",
    "role_level",
    "performance_score",
    "tenure_years",
)


@dataclass(frozen=True)
class Cohort:
    """The pairs that the pilot's evidence rests on.

    Attributes:
        members: `MEMBER_COLUMNS`: two rows per pair, ordered by pair, pilot first, then the participants without a
            control, who belong to the pilot arm all the same (the adoption denominator): their pair_id, rung and
            distance are missing, and so is their cluster unless a pair judges their manager. rung is a name, 'exact'
            first; distance is the Mahalanobis distance within the pair, the same on both rows.
        unmatched: employee_id, reason: participants without a control, and enrolled people outside the cohort.
        explanation: what was matched, and what blocks the rest, as sentences.
        relaxed: what was given up in how many pairs, as sentences.
        warnings: what weakens the evidence; the design goes on.
        violations: those of the warnings that break R9 (departments, role levels).
        design: the design that the evidence really rests on.
        notes: how missing, constant and collinear covariates and rungs without data were handled.
        spare_controls: how many people of the pool were left untouched.
        attempts: where the cohort was proposed: the proposal at each rung that was tried, the chosen one first.
        balance: how alike the arms are, `balance.BALANCE_COLUMNS`; empty for a cohort that was not matched here.
    """

    members: pd.DataFrame
    unmatched: pd.DataFrame
    explanation: tuple[str, ...]
    warnings: tuple[str, ...]
    design: str
    notes: tuple[str, ...]
    violations: tuple[str, ...] = ()
    relaxed: tuple[str, ...] = ()
    spare_controls: int = 0
    attempts: tuple[Attempt, ...] = ()
    balance: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(BALANCE_COLUMNS)))

    @property
    def n_pairs(self) -> int:
        """How many pairs there are."""
        return int(self.members["pair_id"].nunique())

    @property
    def n_clusters(self) -> int:
        """How many judging clusters the pairs form: the units at which the verdict is judged."""
        return int(self.members["cluster"].nunique())

    @property
    def match_hash(self) -> str:
        """SHA-256 of the sorted pairs (pilot<TAB>control per line): equal exactly if the match is."""
        paired = self.members[self.members["pair_id"].notna()]
        by_arm = paired.pivot(index="pair_id", columns="arm", values="employee_id")
        lines = sorted(f"{pilot}\t{control}" for pilot, control in zip(by_arm["pilot"], by_arm["control"], strict=True))
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()

    def __str__(self) -> str:
        alike = wording.alike(self.balance)
        return "\n".join([*self.explanation, *self.relaxed, *alike, *self.warnings, *self.notes])


def form_cohort(
    workforce: pd.DataFrame,
    enrolments: pd.DataFrame | None,
    consents: pd.DataFrame,
    config: PilotConfig,
    *,
    fixed_on: date | None = None,
) -> Cohort:
    """Form the cohort: match controls to given participants, or propose participants and pair them.

    Args:
        workforce: see `workforce.build_workforce`.
        enrolments: the feed's accepted rows, or None; without pilot rows the participants are proposed.
        consents: the feed's accepted rows.
        config: `cohort` and `decision` are used.
        fixed_on: the lock date: decisions and withdrawals after it change nothing. Default: the day before the start.

    Raises:
        BadInput: too few or too many participants, nobody to compare them with, or a selection for low performance.
    """
    people = workforce.sort_values("id_rank", kind="stable").reset_index(drop=True)
    pool = sort_people(people, enrolments, consents, fixed_on or config.pilot.starts_on - timedelta(days=1))
    metric = build_metric(people, config.cohort.balance)
    ladder = build_ladder(config.cohort, people)
    admissibility = apply_ladder(ladder, metric, people)
    randomised = config.cohort.design == "matched_pair_randomised"
    participants = pool.participants
    tosses = 0
    attempts: tuple[Attempt, ...] = ()
    if pool.given:
        _require_size(len(participants))
    _refuse_low_performers(metric.performance, participants)
    if pool.given:
        pairs = match_controls(participants, _require_controls(pool), admissibility)
    elif randomised:
        attempts = _randomised_pairs(people, pool, admissibility, config)
        pairs, tosses = toss(attempts[0].pairs, config.cohort.seed, metric.standardised)
        pairs = pairs.sort_values("pilot", kind="stable").reset_index(drop=True)
        participants = np.sort(pairs["pilot"].to_numpy())
    else:
        attempts = _proposed_participants(people, pool, admissibility, config)
        participants = np.sort(attempts[0].pairs["pilot"].to_numpy())
        pairs = match_controls(participants, _require_controls(pool), admissibility)
    if pairs.empty:
        raise BadInput(wording.nobody_matched(len(participants), gains(participants, pool.controls, admissibility)))
    design = "matched_pair_randomised" if randomised and (tosses or pool.both_arms) else "matched_control"
    described = _describe(
        people, pool, admissibility, config, participants=participants, pairs=pairs, design=design, tosses=tosses
    )
    representative = wording.representation(attempts, randomised) if attempts else ()
    return replace(described, explanation=(*described.explanation, *representative), attempts=attempts)


def _require_size(count: int) -> None:
    if count < SMALLEST:
        raise BadInput(f"{count} participants are too few to measure anything: a pilot needs {SMALLEST} to {LARGEST}.")
    if count > LARGEST:
        raise BadInput(f"{count} participants are a rollout, not a pilot: a pilot needs {SMALLEST} to {LARGEST}.")


def _require_controls(pool: Pool) -> Ints:
    if len(pool.controls):
        return pool.controls
    if pool.both_arms:
        raise BadInput(
            "None of the controls named in enrolments is active in the HRIS snapshot: nobody to compare with."
        )
    raise BadInput(
        "There is no pool of controls: every active person is enrolled or has opted in. "
        "Use design matched_pair_randomised, which compares volunteers with volunteers."
    )


def _refuse_low_performers(performance: np.ndarray, participants: Ints) -> None:
    """A group picked from the lower half only, and well below the mean, was selected for it."""
    chosen, everyone = performance[participants], performance[~np.isnan(performance)]
    chosen = chosen[~np.isnan(chosen)]
    if len(chosen) < 2 or everyone.std() == 0:
        return
    below = (everyone.mean() - chosen.mean()) / everyone.std()
    if chosen.max() <= np.median(everyone) and below > 0.5:
        raise BadInput(
            "Every participant's performance score lies in the lower half of the workforce, on average "
            f"{below:.1f} SD below its mean. A cohort selected for low performance improves by itself (regression to "
            "the mean); choose participants regardless of their score."
        )


def _randomised_pairs(
    people: pd.DataFrame, pool: Pool, admissibility: Admissibility, config: PilotConfig
) -> tuple[Attempt, ...]:
    volunteers = pool.participants
    if len(volunteers) < 2 * SMALLEST:
        raise BadInput(wording.too_few_volunteers(len(volunteers), 2 * SMALLEST, "pairs among volunteers"))
    attempts = choose_pairs(
        lambda rungs: pair_volunteers(volunteers, admissibility, rungs), people, admissibility, config
    )
    _require_pairs(attempts, len(volunteers), lambda: pair_gains(volunteers, admissibility))
    return attempts


def _proposed_participants(
    people: pd.DataFrame, pool: Pool, admissibility: Admissibility, config: PilotConfig
) -> tuple[Attempt, ...]:
    volunteers = pool.participants
    if len(volunteers) < SMALLEST:
        raise BadInput(wording.too_few_volunteers(len(volunteers), SMALLEST, "a cohort"))
    # A subset of a matching can be matched: whoever is chosen from it leaves everybody a control.
    controls = _require_controls(pool)
    attempts = choose_pairs(
        lambda rungs: match_controls(volunteers, controls, admissibility, rungs), people, admissibility, config
    )
    _require_pairs(attempts, len(volunteers), lambda: gains(volunteers, controls, admissibility))
    return attempts


def _require_pairs(attempts: tuple[Attempt, ...], volunteers: int, gained: Callable[[], dict[str, int]]) -> None:
    pairs = len(attempts[0].pairs) if attempts else 0
    if pairs < SMALLEST:
        raise BadInput(wording.too_few_pairs(pairs, volunteers, gained()))


def _describe(
    people: pd.DataFrame,
    pool: Pool,
    admissibility: Admissibility,
    config: PilotConfig,
    *,
    participants: Ints,
    pairs: pd.DataFrame,
    design: str,
    tosses: int,
) -> Cohort:
    alone = np.setdiff1d(participants, pairs["pilot"].to_numpy())
    members = _members(people, pairs, alone, admissibility.ladder.rungs)
    blocked = obstacles(participants, pool.controls, alone, admissibility)
    ids = people["employee_id"]
    unmatched = [(ids.iloc[item.participant], item.reason) for item in blocked] + list(pool.left_out)
    violations = wording.violations(people.iloc[participants], config.cohort.role_levels)
    spares = pool.participants if tosses else pool.controls
    left = np.setdiff1d(spares, pairs[["pilot", "control"]].to_numpy())
    gained = gains(participants, pool.controls, admissibility) if len(alone) else {}
    counts = wording.Counts(
        participants=len(participants),
        pairs=len(pairs),
        clusters=int(members["cluster"].nunique()),
        proposed=not pool.given,
        left_out=len(pool.left_out),
        tosses=tosses,
        spared=_spared(pairs, left, admissibility),
    )
    return Cohort(
        members=members,
        unmatched=pd.DataFrame(unmatched, columns=["employee_id", "reason"], dtype="str"),
        explanation=wording.explain(counts, design, gained),
        relaxed=relaxations(members, admissibility.metric.performance_sd, config.cohort),
        warnings=(*pool.warnings, *violations, *wording.warnings(counts, config, design)),
        design=design,
        notes=(*admissibility.metric.notes, *admissibility.ladder.notes),
        violations=violations,
        spare_controls=len(left),
        balance=balance_table(members, people, config),
    )


def _spared(pairs: pd.DataFrame, left: Ints, admissibility: Admissibility) -> int:
    """Count the pairs whose participant has somebody left at the pair's own rung or a lower one."""
    rungs = dict(zip(pairs["pilot"].tolist(), pairs["rung"].tolist(), strict=True))
    spared = 0
    for rows, columns in blocks_of(np.sort(pairs["pilot"].to_numpy()), left, admissibility):
        own = np.array([rungs[person] for person in rows.tolist()])
        spared += int((admissibility.needs(rows, columns).min(axis=1) <= own).sum())
    return spared


def _members(people: pd.DataFrame, pairs: pd.DataFrame, alone: Ints, rungs: tuple[str, ...]) -> pd.DataFrame:
    both = np.column_stack([pairs["pilot"], pairs["control"]]).ravel()
    members = people.iloc[np.concatenate([both, alone])].reset_index(drop=True)
    single: list[object] = [None] * len(alone)
    clusters = np.repeat(judging_clusters(pairs, people["manager_id"]), 2)
    of_manager = dict(zip(members["manager_id"], clusters.tolist(), strict=False))  # the pairs' rows come first
    joined = [of_manager.get(manager) for manager in people["manager_id"].iloc[alone]]
    names = [rungs[rung] for rung in np.repeat(pairs["rung"].to_numpy(), 2)]
    pair_ids = np.repeat(np.arange(1, len(pairs) + 1), 2).tolist()
    members["arm"] = pd.Series(["pilot", "control"] * len(pairs) + ["pilot"] * len(alone), dtype="str")
    members["pair_id"] = pd.Series(pair_ids + single, dtype="Int64")
    members["cluster"] = pd.Series(clusters.tolist() + joined, dtype="Int64")
    members["rung"] = pd.Series(names + single, dtype="str")
    members["distance"] = np.concatenate([np.repeat(pairs["distance"].to_numpy(), 2), np.full(len(alone), np.nan)])
    return members[list(MEMBER_COLUMNS)]
