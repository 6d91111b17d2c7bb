"""What the cohort says about itself, as sentences without personal data; nothing is computed here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from pilot_pipeline.cohort.volunteers import Attempt
from pilot_pipeline.config.models import PilotConfig

_CONSTRAINT_NAMES = {
    "place": "manager (and the units the ladder allows)",
    "role": "role (and the family the ladder allows)",
    "other keys": "other exact keys",
    "caliper": "caliper on the performance score",
}


@dataclass(frozen=True)
class Counts:
    """The numbers that the sentences hold."""

    participants: int
    pairs: int
    clusters: int
    proposed: bool
    left_out: int
    tosses: int
    spared: int


def explain(counts: Counts, design: str, gained: Mapping[str, int]) -> tuple[str, ...]:
    """Say what was matched, and what blocks the rest; what was relaxed is `relaxations`."""
    how = {
        "matched_pair_randomised": "a seeded coin decided within each pair who gets the tool"
        if counts.proposed
        else "the arms are taken as enrolled",
        "matched_control": "controls were matched to the participants",
    }[design]
    origin = "proposed from the volunteers" if counts.proposed else "given by the enrolments"
    sentences = [
        f"{counts.pairs} of {counts.participants} participants ({origin}) have a control; {how}.",
        f"The pairs form {_count(counts.clusters, 'judging cluster')} (managers linked by a pair count as one).",
    ]
    if counts.tosses > 1:
        sentences.append(
            f"All coins were tossed {counts.tosses} times, until the balance covariates agreed (rerandomisation; the "
            "sign-flip tests stay valid)."
        )
    if counts.left_out:
        sentences.append(
            f"{_count(counts.left_out, 'enrolled participant')} left out; the reasons stand in `unmatched`."
        )
    if counts.spared:
        sentences.append(
            f"{counts.spared} of {counts.pairs} pairs keep a spare partner at their own rung of the ladder, should "
            "somebody drop out before the lock."
        )
    if counts.pairs < counts.participants:
        sentences.append(f"{counts.participants - counts.pairs} without a control. {what_would_help(gained)}")
    return tuple(sentences)


def alike(balance: pd.DataFrame) -> tuple[str, ...]:
    """Say in which measured covariate the arms differ most after matching, and how far they did before."""
    named = ~balance["covariate"].astype("str").str.contains(":", regex=False)
    measured = balance[named].dropna(subset=["smd_after"])
    if measured.empty:
        return ()
    before, after = (measured[name].astype("float64").abs().to_numpy() for name in ("smd_before", "smd_after"))
    worst = int(after.argmax())
    name = measured["covariate"].iloc[worst]
    return (f"After matching, the arms differ most in {name}: {after[worst]:.2f} SD, and {before[worst]:.2f} before.",)


def representation(attempts: Sequence[Attempt], pairs: bool) -> tuple[str, ...]:
    """Say whether the proposal has the seats that the workforce calls for, and what the alternatives would cost."""
    chosen, proposal = attempts[0], attempts[0].proposal
    dimensions = _listed(list(dict.fromkeys(proposal.table["dimension"])))
    seats = f"{len(chosen.pairs) * (2 if pairs else 1)} people"
    if proposal.seats_off == 0:
        first = (
            f"The proposal is representative: its {seats} hold exactly the seats that the workforce's {dimensions} "
            "call for (largest remainder); a seeded random choice among all such cohorts."
        )
    else:
        where = _listed([f"{name} {off}" for name, off in proposal.off_by_dimension.items()])
        proven = (
            "no choice is nearer"
            if proposal.least_off == proposal.seats_off
            else f"at least {proposal.least_off} in any choice"
        )
        first = (
            f"From {chosen.available} pairs no choice meets every quota of {dimensions} at once: {proposal.seats_off} "
            f"seats are held by another group than the workforce's shares call for ({where}; {proven})."
        )
    return first, *(_alternative(attempt) for attempt in attempts[1:])


def _alternative(attempt: Attempt) -> str:
    proposal = attempt.proposal
    climbed = "With exact pairs only" if attempt.rung == "exact" else f"With the ladder up to {attempt.rung}"
    costs = [f"{_count(proposal.seats_off, 'seat')} off"]
    if proposal.clusters_short:
        costs.append(f"{_count(proposal.clusters_short, 'judging cluster')} too few")
    if attempt.relaxed:
        costs.append(f"at most {_count(attempt.relaxed, 'relaxed pair')}")  # a comparison does not seek the fewest
    return (
        f"{climbed} the proposal would have had {_count(len(attempt.pairs), 'pair')} of {attempt.available} that can "
        f"be had, {_listed(costs)}."
    )


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def what_would_help(gained: Mapping[str, int]) -> str:
    """Say which constraint blocks how many pairs."""
    helping = sorted(((name, gain) for name, gain in gained.items() if gain > 0), key=lambda item: -item[1])
    if not helping:
        return "Giving up any single constraint would not help: there are too few people to compare with."
    parts = [f"{_CONSTRAINT_NAMES[name]}: {gain} more" for name, gain in helping]
    return f"Pairs that giving up one constraint altogether would gain: {'; '.join(parts)}."


def violations(participants: pd.DataFrame, role_levels: tuple[int, int]) -> tuple[str, ...]:
    """Name what R9 demands of a cohort's breadth and this one does not have."""
    found = []
    departments = participants["department"].nunique()
    if departments < 2:
        found.append(
            "All participants are in one department; a pilot needs at least 2, or it shows that department only."
        )
    levels = participants["role_level"].nunique()
    least, most = role_levels
    if levels < least:
        found.append(f"The participants have {_count(levels, 'role level')}; a pilot needs {least} to {most}.")
    if levels > most:
        found.append(f"The participants spread over {levels} role levels; a pilot this small needs {least} to {most}.")
    return tuple(found)


def warnings(counts: Counts, config: PilotConfig, design: str) -> tuple[str, ...]:
    """Name what weakens the evidence of this cohort."""
    found = []
    rule, size = config.decision, config.cohort.size
    if design != config.cohort.design:
        found.append(
            "cohort.design is matched_pair_randomised, but enrolments name the participants and no controls: no coin "
            "decided, so the evidence rests on matched controls."
        )
    if counts.participants != size:
        found.append(f"There are {counts.participants} participants; cohort.size says {size}.")
    if counts.pairs < rule.min_pairs and not rule.accept_smaller_design:
        found.append(f"{counts.pairs} pairs; decision.min_pairs is {rule.min_pairs}: the result would be directional.")
    if counts.clusters < rule.min_managers and not rule.accept_smaller_design:
        found.append(
            f"{_count(counts.clusters, 'judging cluster')}; decision.min_managers is {rule.min_managers}: "
            "the result would be directional."
        )
    if counts.clusters < 5:
        found.append("With fewer than 5 judging clusters no result can be significant at 5 %.")
    return tuple(found)


def nobody_matched(participants: int, gained: Mapping[str, int]) -> str:
    """Refuse a cohort without any pair."""
    return f"None of the {participants} participants has an admissible control. {what_would_help(gained)}"


def too_few_volunteers(volunteers: int, needed: int, what: str) -> str:
    """Refuse to propose from too few volunteers."""
    return (
        f"{_count(volunteers, 'active person', 'active people')} opted in and can be proposed; {what} would need at "
        f"least {needed}. Invite more volunteers, or name participants in enrolments."
    )


def too_few_pairs(pairs: int, volunteers: int, gained: Mapping[str, int]) -> str:
    """Refuse a proposal that ends in too few pairs."""
    return (
        f"The {volunteers} volunteers allow {_count(pairs, 'pair')}; a pilot needs 20 to 50. {what_would_help(gained)}"
    )


def _count(number: int, singular: str, plural: str = "") -> str:
    return f"{number} {singular if number == 1 else plural or singular + 's'}"
