"""How often the decision rule is wrong, how well its intervals cover, what weekly looks cost: docs/error-rates.md.

    python benchmarks/error_rates.py --pilots 4000 --out docs/error-rates.md

Every figure comes from simulated pilots that go through the estimators, the interim intervals and the gate of the real
close-out. About three minutes on one core; the same seed gives the same page.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from pilot_pipeline.cohort.power import adoption_line
from pilot_pipeline.config import PilotConfig, parse_config
from pilot_pipeline.error_rates.design import Design, even_clusters, planned_design
from pilot_pipeline.error_rates.trial import Tally, simulate
from pilot_pipeline.error_rates.truths import GOOD, USELESS, VERY_GOOD, Size, Truth, named_truths, one_without_effect
from pilot_pipeline.kpis.effects import EffectEstimates, behaviour_effects, prep_time_effects
from pilot_pipeline.kpis.interim import FIRST_LOOK, repeated_interval
from pilot_pipeline.kpis.intervals import korn_graubard
from pilot_pipeline.kpis.signflip import Patterns

SEED = 20261126
DESIGNS = ((30, 8), (30, 10), (50, 12))
COVERED = tuple((pairs, managers) for pairs in (20, 30, 50) for managers in (5, 8, 12))
WEEKS = 12
SLICE = 16
FEEDS = {feed: {"source": f"feeds/{feed}.csv"} for feed in ("employees", "consents", "tool_events")}


def rule(**decision: Any) -> PilotConfig:
    """Return a pilot's configuration with the default KPIs and rule, but for `decision`."""
    return parse_config(
        {
            "pilot": {"starts_on": date(2026, 1, 5)},
            "organisation": {"employees": 812},
            "privacy": {"pseudonym_key": "k" * 32},
            "feeds": FEEDS,
            "decision": decision,
        },
        {},
        "pilot.yaml",
    )


# The rule's table -----------------------------------------------------------------------------------------------------

LOW = replace(VERY_GOOD, name="low_adoption", adoption=0.60)
HALF_WORKS = replace(
    VERY_GOOD, name="half_works", effect=Size(0.6), sizes={"prep_time_reduction": Size()}, adoption=0.82
)
ROWS: tuple[tuple[str, Truth, tuple[str, ...]], ...] = (
    ("useless: go · no-go", USELESS, ("go", "no_go")),
    ("half of it works (0.6 SD and 0): go · no-go", HALF_WORKS, ("go", "no_go")),
    ("0.6 SD, adoption .82: go", replace(GOOD, name="good_82", adoption=0.82), ("go",)),
    ("0.8 SD, adoption .82: go", replace(VERY_GOOD, name="very_good_82", adoption=0.82), ("go",)),
    ("0.8 SD, adoption .88: go", VERY_GOOD, ("go",)),
    ("0.8 SD but adoption truly .60: go", LOW, ("go",)),
)
PUBLISHED = {  # what the specification of the rule gives, from 4,000 pilots of its own
    (30, 8): ((0.002, 0.88), (0.015, 0.22), (0.44,), (0.68,), (0.78,), (0.037,)),
    (30, 10): ((0.001, 0.89), (0.018, 0.19), (0.50,), (0.72,), (0.83,), (0.039,)),
    (50, 12): ((0.001, 0.90), (0.009, 0.09), (0.72,), (0.91,), (0.96,), (0.028,)),
}


def rule_tallies(pilots: int, design: tuple[int, int], missing_at_random: bool) -> list[Tally]:
    """Return one tally per row of the rule's table."""
    config = rule()
    plan = planned_design(config, even_clusters(*design), missing=0.0 if missing_at_random else 0.1)
    truths = [replace(truth, missing=0.1 if missing_at_random else 0.0) for _, truth, _ in ROWS]
    return [simulate(plan, truth, config, pilots, SEED) for truth in truths]


def rule_table(pilots: int) -> str:
    """Return the rule's table per design: exactly 10 % missing, each difference missing with 10 %, and as designed."""
    tables = []
    for design in DESIGNS:
        exact, random = (rule_tallies(pilots, design, at_random) for at_random in (False, True))
        rows = []
        for place, (name, _, shown) in enumerate(ROWS):
            once = " · ".join(_share(value) for value in PUBLISHED[design][place])
            rows.append([name, _shares(exact[place], shown), _shares(random[place], shown), once])
        heads = [f"{design[0]} pairs × {design[1]} clusters", "exactly 10 %", "10 % at random", "as designed"]
        tables.append(_table(heads, rows))
    return "\n\n".join(tables)


# The rule, extended ---------------------------------------------------------------------------------------------------


def extensions() -> Iterator[tuple[str, Design, PilotConfig, dict[str, Any]]]:
    """Yield a name, a design, a configuration and what every truth is changed by."""
    usual, smaller = rule(), rule(accept_smaller_design=True)

    def plan(pairs: int, managers: int, missing: float = 0.1) -> Design:
        return planned_design(usual, even_clusters(pairs, managers), missing=missing)

    for spread in (0.0, 0.3, 0.5):
        yield f"30 × 8, effect differs by manager, SD {spread:g}", plan(30, 8), usual, {"manager_sd": spread}
    yield "30 × 8, adoption follows the manager (ICC .2)", plan(30, 8), usual, {"adoption_icc": 0.2}
    yield "30 × 8, managers favour participants by 0.3 SD", plan(30, 8), usual, {"favouritism": 0.3}
    yield "30 × 8, each difference missing with 10 %", plan(30, 8, 0.0), usual, {"missing": 0.1}
    yield "30 × 8, one in ten leaves, who gained least", plan(30, 8, 0.0), usual, {"dropout": 0.1}
    yield "30 × 8, one control in five uses it unseen", plan(30, 8), usual, {"exposure": 0.2, "exposure_seen": False}
    yield "30 × 5, accepted before the lock", plan(30, 5), smaller, {}
    yield "20 × 5, accepted before the lock", plan(20, 5), smaller, {}
    yield "20 × 8, accepted before the lock", plan(20, 8), smaller, {}
    yield "50 × 12", plan(50, 12), usual, {}


def extended_table(pilots: int) -> str:
    """Return go and no-go where one thing about the design or the world differs."""
    rows = []
    for name, design, config, changed in extensions():
        useless = simulate(design, replace(USELESS, **changed), config, pilots, SEED)
        zero = [simulate(design, replace(t, **changed), config, pilots, SEED) for t in one_without_effect(config)]
        worst = max(zero, key=lambda tally: tally.share("go"))
        unused = simulate(design, replace(LOW, **changed), config, pilots, SEED)
        good = simulate(design, replace(VERY_GOOD, **changed), config, pilots, SEED)
        shown = ((useless, ("go", "no_go")), (worst, ("go",)), (unused, ("go",)), (good, ("go",)))
        rows.append([name, *(_shares(tally, verdicts) for tally, verdicts in shown)])
    heads = ["design", "useless: go · no-go", "one effect zero: go", "0.8 SD, adoption .60: go", "0.8 SD: go"]
    return _table(heads, rows)


def truths_table(pilots: int) -> str:
    """Return every truth that `pilot simulate` knows, with the coverage of the 90 % intervals."""
    config, rows = rule(), []
    for truth in named_truths(config):
        cells = [f"`{truth.name}`: {truth.description}"]
        for design in ((30, 8), (50, 12)):
            tally = simulate(planned_design(config, even_clusters(*design)), truth, config, pilots, SEED)
            covered = sum(tally.covered.values()) / sum(tally.intervals.values())
            cells += [_share(tally.share("go")), _share(tally.share("no_go")), _share(covered)]
        rows.append(cells)
    heads = [f"{design} {what}" for design in ("30 × 8", "50 × 12") for what in ("go", "no-go", "cover")]
    return _table(["truth", *heads], rows)


def frontier_table(pilots: int) -> str:
    """Return what the rule's two own settings trade: false go against power and against a no-go for a useless tool."""
    rows = []
    for alpha in (0.025, 0.05, 0.10):
        for tolerance in (0.6, 0.8, 1.0):
            config = rule(alpha=alpha, target_tolerance=tolerance)
            design = planned_design(config, even_clusters(30, 8))
            zero = max(simulate(design, t, config, pilots, SEED).share("go") for t in one_without_effect(config))
            good = simulate(design, VERY_GOOD, config, pilots, SEED).share("go")
            useless = simulate(design, USELESS, config, pilots, SEED).share("no_go")
            rows.append([f"{alpha:g}", f"{tolerance:g}", _share(zero), _share(good), _share(useless)])
    heads = ["`alpha`", "`target_tolerance`", "one effect zero: go", "0.8 SD: go", "useless: no-go"]
    return _table(heads, rows)


def adoption_passes(pilots: int, design: tuple[int, int], share: float, icc: float) -> tuple[float, float]:
    """Return how often adoption passes: by the rule's line, and by one that asks the clustered bound too."""
    people, managers = design
    clusters = even_clusters(people, managers)
    rng = np.random.default_rng([SEED, people, round(100 * share), round(100 * icc)])
    spread = (1 - icc) / icc if icc else np.inf
    chance = rng.beta(share * spread, (1 - share) * spread, (pilots, managers)) if icc else np.full((pilots, 1), share)
    active = rng.random((pilots, people)) < (chance[:, clusters] if icc else chance)
    line = active.sum(axis=1) >= adoption_line(people, 0.70)
    clustered = np.array(
        [ok and korn_graubard(one, clusters).low >= 0.60 for ok, one in zip(line, active, strict=True)]
    )
    return float(line.mean()), float(clustered.mean())


def adoption_table(pilots: int) -> str:
    """Return what a line that allows for managers would cost and save."""
    rows = []
    for people, managers in DESIGNS:
        for icc in (0.0, 0.1, 0.2):
            found = [adoption_passes(pilots, (people, managers), share, icc) for share in (0.60, 0.82, 0.88)]
            rows.append([f"{people} × {managers}", f"{icc:g}", *(_share(value) for pair in found for value in pair)])
    heads = [f"truly {share}: {rule}" for share in (".60", ".82", ".88") for rule in ("this rule", "clustered too")]
    return _table(["people × clusters", "ICC", *heads], rows)


# Intervals and tests --------------------------------------------------------------------------------------------------

Noise = Callable[[np.random.Generator, tuple[int, int]], np.ndarray]


def _skewed(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Two people whose outcomes are exponential; their difference is symmetric again."""
    return (rng.exponential(size=shape) - rng.exponential(size=shape)) / np.sqrt(2)


def _one_arm(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """The tool makes pilots' outcomes exponential, controls stay normal: the difference is skewed, its mean zero."""
    return (rng.exponential(size=shape) - 1 + rng.standard_normal(shape)) / np.sqrt(2)


def _normal(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    return rng.standard_normal(shape)


CASES: dict[str, dict[str, Any]] = {
    "equal effects": {"spread": 0.0},
    "effects differ by manager (SD 0.3)": {},
    "… and 10 % of pairs are lost at random": {"missing": 0.1},
    "… and scores in half points (ties)": {"grid": 0.5},
    "… and people's outcomes are skewed": {"noise": _skewed},
    "… and only the pilot arm is skewed": {"noise": _one_arm},
}


def estimates(
    pilots: int,
    design: tuple[int, int],
    *,
    share: float = 0.0,
    spread: float = 0.3,
    missing: float = 0.0,
    grid: float = 0.0,
    noise: Noise = _normal,
) -> tuple[EffectEstimates, EffectEstimates]:
    """Return the estimates of behaviour (true effect 0) and prep time (true effect `share` of baseline).

    Clusters are of unequal size, SD of a pair difference 1, start and end differences correlate with 0.5.
    """
    pairs, managers = design
    rng = np.random.default_rng([SEED, pairs, managers, round(1000 * share), round(10 * spread), round(10 * grid)])
    clusters = np.r_[np.arange(managers), rng.integers(0, managers, pairs - managers)]
    shape = (pilots, pairs)

    def differences() -> np.ndarray:
        own = noise(rng, shape) + spread * rng.standard_normal((pilots, managers))[:, clusters]
        return np.round(own / grid) * grid if grid else own

    start = noise(rng, shape)
    start = np.round(start / grid) * grid if grid else start
    end = 0.5 * start + differences() * (np.sqrt(0.75) if not grid else 1.0)
    baseline = rng.gamma(25, 0.16, shape)  # mean 4, coefficient of variation 0.2
    saved = share * baseline + differences()
    present = (rng.random(shape) >= missing).astype(np.float64)
    behaviour = _in_slices(behaviour_effects, clusters, end, start, present)
    return behaviour, _in_slices(prep_time_effects, clusters, saved, baseline, present)


def _in_slices(estimator: Callable[..., EffectEstimates], clusters: np.ndarray, *pilots: np.ndarray) -> EffectEstimates:
    """Estimate a few pilots at a time: all their sign patterns together would fill the memory."""
    starts = range(0, len(pilots[0]), SLICE)
    parts = [estimator(*(given[at : at + SLICE] for given in pilots), clusters, Patterns()) for at in starts]
    return EffectEstimates(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def coverage_rows(pilots: int, design: tuple[int, int], case: str) -> tuple[float, ...]:
    """Return coverage and size for behaviour, then for prep time, then the futility bound's own coverage."""
    behaviour, idle = estimates(pilots, design, **CASES[case])
    prep = estimates(pilots, design, share=0.125, **CASES[case])[1]
    covered = ((behaviour.ci_low <= 0) & (behaviour.ci_high >= 0)).mean()
    ratio = ((prep.ci_low <= 0.125) & (prep.ci_high >= 0.125)).mean()
    sizes = [(found.p_manager <= 0.05).mean() for found in (behaviour, idle)]
    return float(covered), float(sizes[0]), float(ratio), float(sizes[1]), float((behaviour.upper90 >= 0).mean())


def attainable(managers: int) -> tuple[float, float, float]:
    """Return the coverage, the size and the futility bound's coverage that 2^managers sign patterns allow at most."""
    patterns = 2**managers
    one, ten = np.floor(0.05 * patterns) / patterns, np.floor(0.10 * patterns) / patterns
    return float(1 - 2 * one), float(one), float(1 - ten)


def coverage_tables(pilots: int) -> str:
    """Return coverage · size for every design and case: ANCOVA, ratio, and the futility bound's coverage."""
    found = {(case, design): coverage_rows(pilots, design, case) for case in CASES for design in COVERED}
    heads = [f"{pairs} × {managers}" for pairs, managers in COVERED]
    tables = []
    for name, places in (("ANCOVA (behaviour)", (0, 1)), ("ratio (prep time)", (2, 3)), ("futility bound", (4,))):
        rows = [
            [case, *(" · ".join(_share(found[case, design][place]) for place in places) for design in COVERED)]
            for case in CASES
        ]
        tables.append(_table([name, *heads], rows))
    return "\n\n".join(tables)


def attainable_table() -> str:
    """Return what exact tests with so many clusters can attain."""
    rows = [[str(k), *(_share(value) for value in attainable(k))] for k in (5, 8, 10, 12)]
    return _table(["clusters", "interval covers", "size", "futility bound covers"], rows)


# Looking every week ---------------------------------------------------------------------------------------------------


def weekly_alarms(pilots: int, managers: int, persistent: float, pairs: int = 30) -> tuple[float, float]:
    """Return how often a tool without effect is called a success or a harm in any week from 4 to 12: ours, and naive.

    persistent: share of a weekly pair difference's variance that stays with the pair. Weekly means so far go through
    the real estimator of prep time; the naive looker takes an ordinary 95 % interval each week.
    """
    rng = np.random.default_rng([SEED, managers, round(100 * persistent)])
    clusters = even_clusters(pairs, managers)
    weekly = np.sqrt(1 - persistent) * rng.standard_normal((pilots, pairs, WEEKS))
    weekly += np.sqrt(persistent) * rng.standard_normal((pilots, pairs, 1))
    present, baseline = np.ones((pilots, pairs)), np.full((pilots, pairs), 40.0)
    ours, naive = np.zeros(pilots, dtype=bool), np.zeros(pilots, dtype=bool)
    for week in range(FIRST_LOOK, WEEKS + 1):
        found = _in_slices(prep_time_effects, clusters, weekly[:, :, :week].mean(axis=2), baseline, present)
        unit = repeated_interval(0.0, 1.0, managers - 1, week, WEEKS)  # its half width is proportional to the error
        assert unit is not None
        ours |= np.abs(found.effect) > unit.high * found.se
        naive |= np.abs(found.effect) > stats.t.isf(0.025, managers - 1) * found.se
    return float(ours.mean()), float(naive.mean())


def weekly_table(pilots: int) -> str:
    """Return false alarms of nine looks; what is at stake is half a point, so it takes more pilots."""
    rows = []
    for managers in (5, 8, 10, 12):
        for persistent in (0.0, 0.05, 0.2):
            ours, naive = weekly_alarms(pilots, managers, persistent)
            rows.append([str(managers), f"{persistent:g}", _share(ours), _share(naive)])
    return _table(["clusters", "persistent share", "interim intervals", "naive 95 % intervals"], rows)


# The page -------------------------------------------------------------------------------------------------------------


def _shares(tally: Tally, verdicts: Sequence[str]) -> str:
    return " · ".join(_share(tally.share(verdict)) for verdict in verdicts)  # type: ignore[arg-type]


def _share(value: float) -> str:
    return f"{value:.3f}".lstrip("0") if value < 1 else "1.000"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def main() -> None:
    """Write the page's tables between their markers; the words around them stay."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pilots", type=int, default=4000)
    parser.add_argument("--out", type=Path, default=Path("docs/error-rates.md"))
    parser.add_argument("--only", action="append", help="one of the tables; default: all")
    given = parser.parse_args()
    tables: dict[str, Callable[[], str]] = {
        "rule": lambda: rule_table(given.pilots),
        "extended": lambda: extended_table(given.pilots),
        "truths": lambda: truths_table(given.pilots),
        "frontier": lambda: frontier_table(given.pilots),
        "adoption": lambda: adoption_table(given.pilots),
        "attainable": attainable_table,
        "coverage": lambda: coverage_tables(given.pilots),
        "weekly": lambda: weekly_table(5 * given.pilots),
    }
    for name, make in tables.items():
        if given.only and name not in given.only:
            continue
        made = make()
        page = given.out.read_text(encoding="utf-8")  # read late: somebody may be writing the words meanwhile
        begin, end = f"<!-- {name} -->\n", f"\n<!-- /{name} -->"
        before, rest = page.split(begin)
        after = rest.split(end)[1]
        given.out.write_text(f"{before}{begin}\n{made}\n{end}{after}", encoding="utf-8")
        print(name, flush=True)


if __name__ == "__main__":
    main()
