"""Writes docs/verdicts.md by asking the decision gate itself; `python docs/generate.py` refreshes the page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pilot_pipeline.closeout.gate import Evidence, Verdict, decide
from pilot_pipeline.cohort.power import adoption_line
from pilot_pipeline.config.models import DecisionSection
from pilot_pipeline.kpis.results import KpiResult

PAGE = Path(__file__).parent / "verdicts.md"
RULE = DecisionSection()
WORDS = {"go": "**go**", "no_go": "**no-go**", "reconfigure": "reconfigure"}
OPENING = """# Every verdict there is

This page is written by `python docs/generate.py`, which asks `decide` in `pilot_pipeline/closeout/gate.py` about each
case; a test fails when it is out of date. Do not edit it by hand. What the five steps mean, and why, is on
[the page about the rule](decision-rule.md).

A cell is the verdict and the step that gave it. Unless a table says otherwise, the pilot is over, its evidence valid
(30 pairs, 10 clusters of managers, witnessed lock, current checkpoints, balanced arms), no bias was found, and every
other KPI is reached.
"""
EFFECTS: dict[str, dict[str, float]] = {
    "harm": {"effect": -1.0, "p_manager": 0.995, "p_harm": 0.005, "upper90": -0.4},
    "out of reach": {"effect": 0.2, "p_manager": 0.30, "p_harm": 0.70, "upper90": 0.8},
    "not proven": {"effect": 0.6, "p_manager": 0.12, "p_harm": 0.88, "upper90": 1.3},
    "credible, too small": {"effect": 0.6, "p_manager": 0.02, "p_harm": 0.98, "upper90": 1.1},
    "reached": {"effect": 1.1, "p_manager": 0.01, "p_harm": 0.99, "upper90": 1.6},
}
"""Effect and bound as shares of the target."""


def verdict_page() -> str:
    """Return the page as markdown."""
    parts = [OPENING, *_effects(), *_thresholds(), *_invalid(), *_bias(), *_labels()]
    return "\n".join(parts).rstrip() + "\n"


def _evidence(
    behaviour: str = "reached", prep: str = "reached", active: int = 26, thresholds: dict[str, KpiResult] | None = None
) -> Evidence:
    kpis = {
        "adoption": _adoption(active),
        "module_completion": KpiResult("module_completion", "threshold", 0.60, 0.80, n=30),
        "behaviour_change": _effect("behaviour_change", 0.30, behaviour),
        "prep_time_reduction": _effect("prep_time_reduction", 0.15, prep),
        "pulse": KpiResult("pulse", "threshold", 3.5, 4.0, n=28, response=((4, 0.95), (8, 0.9), (12, 0.93))),
    }
    return Evidence(tuple((kpis | (thresholds or {})).values()), n_pairs=30, n_managers=10, controls=30)


def _adoption(active: int) -> KpiResult:
    line = adoption_line(30, 0.70)
    return KpiResult("adoption", "threshold", 0.70, active / 30, n=30, active=active, needed=line, sustained=0.8)


def _effect(kpi: str, target: float, state: str) -> KpiResult:
    shares = EFFECTS[state]
    effect = shares["effect"] * target
    return KpiResult(
        kpi,
        "effect",
        target,
        actual=effect,
        effect=effect,
        ci_low=effect - 0.7 * target,
        ci_high=effect + 0.7 * target,
        p_manager=shares["p_manager"],
        p_harm=shares["p_harm"],
        upper90=shares["upper90"] * target,
        n_pairs=30,
        n_managers=10,
        missing=0.1,
        required=True,
    )


def _effects() -> Iterator[str]:
    yield "## By the two required effects\n"
    yield "Rows: behaviour change; columns: prep-time reduction.\n"
    pairs = [(behaviour, prep) for behaviour in EFFECTS for prep in EFFECTS]
    enough, short = ({pair: _asked(_evidence(*pair, active)) for pair in pairs} for active in (26, 21))
    yield _table(
        ["", *EFFECTS], [[f"**{row}**", *(_cell(enough[row, column]) for column in EFFECTS)] for row in EFFECTS]
    )
    changed = [
        f"*{row}* with *{column}* becomes {_cell(short[row, column])}"
        for row, column in pairs
        if _cell(short[row, column]) != _cell(enough[row, column])
    ]
    yield f"Where adoption falls short (21 of 30 active, 23 needed), {'; '.join(changed)}. All else stays.\n"


def _thresholds() -> Iterator[str]:
    yield "## By the threshold KPIs\n"
    yield "Both effects are reached.\n"
    low = KpiResult("pulse", "threshold", 3.5, 4.5, n=17, response=((4, 0.9), (8, 0.55), (12, 0.8)))
    cases: Sequence[tuple[str, Evidence]] = (
        ("adoption at its line", _evidence(active=23)),
        ("adoption one person below its line", _evidence(active=22)),
        ("nobody active", _evidence(active=0)),
        ("completion just below its target", _evidence(thresholds=_one("module_completion", 0.60, 0.59))),
        ("pulse just below its target", _evidence(thresholds=_one("pulse", 3.5, 3.4))),
        ("pulse high, answered by too few", _evidence(thresholds={"pulse": low})),
        ("completion not measured", _evidence(thresholds=_one("module_completion", 0.60, None))),
    )
    yield _table(["case", "verdict", "first reason"], [_row(name, evidence) for name, evidence in cases])


def _one(kpi: str, target: float, actual: float | None) -> dict[str, KpiResult]:
    return {kpi: KpiResult(kpi, "threshold", target, actual, n=30)}


def _invalid() -> Iterator[str]:
    yield "## When the evidence is invalid\n"
    yield "Nothing further is consulted: the same verdict stands whether the KPIs look like a go, or like harm.\n"
    missing = tuple(
        replace(kpi, missing=7 / 30) if kpi.kpi == "behaviour_change" else kpi for kpi in _evidence("harm").kpis
    )
    cases: dict[str, dict[str, Any]] = {
        "no lock": {"lock": "absent"},
        "a lock that was tampered with": {"lock": "broken"},
        "a checkpoint out of date": {"stale_checkpoints": ("sso_matrix",)},
        "arms too different": {"worst_smd": 0.31, "worst_covariate": "tenure_years"},
        "balance unknown": {"worst_smd": None},
        "controls used the tool": {"controls_exposed": 2},
        "too many pairs without an outcome": {"kpis": missing},
        "too few pairs": {"n_pairs": 29},
        "too few clusters": {"n_managers": 7},
        "no pair at all": {"n_pairs": 0},
    }
    for name, broken in cases.items():
        good, bad = (_asked(replace(_evidence(state), **broken)) for state in ("reached", "harm"))
        if good != bad:
            raise AssertionError(f"step 1 consulted the KPIs: {name}")
    yield _table(
        ["case", "verdict", "first reason"], [_row(name, replace(_evidence(), **one)) for name, one in cases.items()]
    )


def _bias() -> Iterator[str]:
    yield "## By the bias audit\n"
    states = {
        "none found": {"bias": "none"},
        "not audited": {"bias": "not_audited"},
        "found, an open issue names a fix": {"bias": "open_with_fix", "bias_fix": "Remove gender from the prompt."},
        "found, no fix named": {"bias": "open"},
    }
    columns = {"reached": "effects reached", "not proven": "not proven", "out of reach": "out of reach", "harm": "harm"}
    rows = [
        [name, *(_cell(_asked(replace(_evidence(state, state), **bias))) for state in columns)]
        for name, bias in states.items()
    ]
    yield _table(["audit", *columns.values()], rows)


def _labels() -> Iterator[str]:
    yield "## By lock and calendar\n"
    yield "All KPIs are reached.\n"
    edited = {"deviations": ("kpis.pulse.target was lowered after the lock.",)}
    cases: dict[str, dict[str, Any]] = {
        "witnessed lock": {},
        "attested lock": {"lock": "attested"},
        "changed after the lock": edited,
        "the last week is not over": {"finished": False},
    }
    rows = [_row(name, replace(_evidence(), **changed)) for name, changed in cases.items()]
    yield _table(["case", "verdict", "first reason"], rows)


def _asked(evidence: Evidence) -> Verdict:
    return decide(evidence, RULE)


def _row(name: str, evidence: Evidence) -> list[str]:
    verdict = _asked(evidence)
    return [name, f"{_cell(verdict)}, {verdict.label}", verdict.reasons[0]]


def _cell(verdict: Verdict) -> str:
    return f"{WORDS[verdict.decision]} ({verdict.step})"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    return "\n".join(
        [*lines, *("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows), ""]
    )
