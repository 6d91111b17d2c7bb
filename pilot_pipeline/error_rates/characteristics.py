"""The rule's operating characteristics: what it says under every named truth, as a frame, two rates and sentences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd

from pilot_pipeline.closeout.formats import percent
from pilot_pipeline.config.models import PilotConfig
from pilot_pipeline.error_rates.design import Design
from pilot_pipeline.error_rates.trial import Tally, simulate
from pilot_pipeline.error_rates.truths import VERY_GOOD, Truth, named_truths

BESIDE, BESIDE_PILOTS = ("useless", "unused", "favouritism", "half", "on_target"), 400
"""Truths that stand beside the two published rates at a close-out, and how many pilots are simulated of each."""
PUBLISHED_PILOTS = 1500
"""Simulated pilots behind `decision.false_go_rate` and `decision.power`, per truth."""
COLUMNS = ("truth", "description", "pilots", "go", "no_go", "reconfigure", "go_error", "no_go_error", "coverage")
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Characteristics:
    """What the rule said about simulated pilots of one design, truth by truth."""

    design: Design
    tallies: tuple[Tally, ...]

    @property
    def false_go_rate(self) -> float | None:
        """The largest share of go over truths in which one required effect is zero; None where none was simulated."""
        return max((tally.share("go") for tally in self.tallies if tally.truth.false_go), default=None)

    @property
    def power(self) -> float | None:
        """The share of go when every effect is 0.8 SD and adoption 88 %; None where that was not simulated."""
        return next((tally.share("go") for tally in self.tallies if tally.truth.name == VERY_GOOD.name), None)

    def frame(self) -> pd.DataFrame:
        """Return `frame_of` its tallies."""
        return frame_of(self.tallies)


def frame_of(tallies: Sequence[Tally]) -> pd.DataFrame:
    """Return `COLUMNS`, one row per truth: shares of pilots, their Monte Carlo errors, and coverage.

    coverage: of the 90 % intervals of all effect KPIs together, how many held the true effect.
    """
    frame = pd.DataFrame([_row(tally) for tally in tallies], columns=list(COLUMNS))
    floats = dict.fromkeys(COLUMNS[3:], "float64")
    return frame.astype({"truth": "str", "description": "str", "pilots": "int64", **floats})


def operating_characteristics(
    design: Design,
    config: PilotConfig,
    *,
    pilots: int,
    seed: int,
    truths: Sequence[Truth] | None = None,
    told: Progress = lambda name: None,
) -> Characteristics:
    """Simulate `pilots` pilots of a design under each truth (default: all named ones); `told` hears each name first."""
    tallies = []
    for truth in named_truths(config) if truths is None else truths:
        told(truth.name)
        tallies.append(simulate(design, truth, config, pilots, seed))
    return Characteristics(design, tuple(tallies))


def at_close_out(design: Design, config: PilotConfig, seed: int) -> Characteristics:
    """Simulate what stands beside a verdict: the two published rates, and a few truths to read them by."""
    tallies = [
        simulate(design, truth, config, count, seed)
        for truth in named_truths(config)
        if (count := _close_out_pilots(truth))
    ]
    return Characteristics(design, tuple(tallies))


def rates_of(frame: pd.DataFrame, config: PilotConfig) -> tuple[float | None, float | None]:
    """Return false_go_rate and power from a stored `Characteristics.frame`; None where the truth was not simulated."""
    go = frame.set_index("truth")["go"]
    false = [truth.name for truth in named_truths(config) if truth.false_go and truth.name in go.index]
    rate = float(go[false].max()) if false else None
    return rate, float(go[VERY_GOOD.name]) if VERY_GOOD.name in go.index else None


def in_sentences(found: Characteristics, config: PilotConfig) -> tuple[str, ...]:
    """Return what the figures mean for this design, each sentence with its number."""
    said = []
    if found.false_go_rate is not None:
        worst = max((t for t in found.tallies if t.truth.false_go), key=lambda tally: tally.share("go"))
        error = percent(worst.error("go"), 1)
        what = "one required effect is zero" if len(config.kpis.required_effects) > 1 else "the tool does nothing"
        said.append(f"False go: {percent(found.false_go_rate, 1)} (Monte Carlo error {error}) where {what}.")
    if found.power is not None:
        said.append(f"Power: {percent(found.power, 1)} go where every effect is 0.8 SD and adoption 88 %.")
    if found.power == 0 and found.false_go_rate == 0:
        said.append("No pilot of this design can end in a go, whatever the tool does: see step 1 of the decision rule.")
    return tuple(said)


def _close_out_pilots(truth: Truth) -> int:
    if truth.false_go or truth.name == VERY_GOOD.name:
        return PUBLISHED_PILOTS
    return BESIDE_PILOTS if truth.name in BESIDE else 0


def _row(tally: Tally) -> tuple[object, ...]:
    intervals = sum(tally.intervals.values())
    coverage = sum(tally.covered.values()) / intervals if intervals else None
    shares = [tally.share(decision) for decision in ("go", "no_go", "reconfigure")]
    errors = (tally.error("go"), tally.error("no_go"))
    return (tally.truth.name, tally.truth.description, tally.pilots, *shares, *errors, coverage)
