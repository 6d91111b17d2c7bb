"""Whether `pilot power` is right: its smallest effects are found as often as it says, and nothing is found too often.

    python benchmarks/power.py

Power: pilots of 20, 30 and 50 pairs under 5, 8 and 12 managers are simulated at their minimal detectable effect.
Size: volunteers of made-up companies are proposed, paired and assigned by `form_cohort`; every replicate tosses the
coins again (rerandomisation included) over outcomes without any average effect. Writes `docs/power-simulation.md`.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from recording import record

from pilot_pipeline.cohort.cohort import form_cohort
from pilot_pipeline.cohort.metric import build_metric
from pilot_pipeline.cohort.pairing import toss
from pilot_pipeline.cohort.power import MANAGER_SD, even_sizes, mde
from pilot_pipeline.cohort.workforce import build_workforce
from pilot_pipeline.config import PilotConfig
from pilot_pipeline.kpis.signflip import flip_p, sign_sums
from pilot_pipeline.simulation.company import build_company

ALPHA = 0.05
DESIGNS = [(pairs, clusters) for pairs in (20, 30, 50) for clusters in (5, 8, 12)]
PAGE = Path(__file__).parents[1] / "docs" / "power-simulation.md"
TEAMS = ((20, 8), (30, 10), (50, 16))
COINS = ("once", "until the arms are alike")
_BATCH = 2_000


def found(sums: np.ndarray) -> np.ndarray:
    """Whether the exact sign-flip test of cluster sums (pilots × clusters) is significant."""
    return flip_p(sign_sums(sums[:, None, :])[:, 0, :]) <= ALPHA


def power_at_the_mde(pairs: int, clusters: int, pilots: int, seed: int) -> dict[str, Any]:
    """Simulate pilots whose true effect is the one that `pilot power` states."""
    rng, sizes = np.random.default_rng(seed), np.array(even_sizes(pairs, clusters), dtype=float)
    effect = mde(pairs, clusters, 1.0, ALPHA)
    hits = 0
    for done in range(0, pilots, _BATCH):
        batch = min(_BATCH, pilots - done)
        of_managers = effect + MANAGER_SD * rng.normal(size=(batch, clusters))
        sums = sizes * of_managers + np.sqrt(sizes) * rng.normal(size=(batch, clusters))
        hits += int(found(sums).sum())
    return {"pairs": pairs, "clusters": clusters, "mde": round(effect, 3), **_rate(hits, pilots)}


def _rate(hits: int, of: int) -> dict[str, float]:
    share = hits / of
    return {"found": round(share, 4), "error": round(1.96 * float(np.sqrt(share * (1 - share) / of)), 4)}


def workforce_of(seed: int, config: dict[str, Any]) -> tuple[pd.DataFrame, PilotConfig]:
    """The people of a synthetic company, and its configuration with these keys of `cohort`."""
    company = build_company("effective", seed)
    raw = company.config.model_dump()
    raw["cohort"] |= config
    parsed = PilotConfig.model_validate(raw)
    employees = company.feeds["employees"]
    return build_workforce(employees, parsed, pd.to_datetime(employees["as_of"]).min().date()), parsed


@dataclass(frozen=True)
class Truth:
    """What is true: the mean effect and the SD of the managers' own around it, in SDs of a pair difference."""

    words: str
    effect: float = 0.0
    spread: float = 0.0


def rates_of_the_design(
    pairs: int, teams: int, truths: Sequence[Truth], cohorts: int, replicates: int, seed: int
) -> list[dict[str, Any]]:
    """How often the test finds something, over cohorts formed from volunteers of random teams, for either coin."""
    rng, clusters = np.random.default_rng(seed), []
    hits = {(truth, coins): 0 for truth in truths for coins in COINS}
    for number in range(cohorts):
        workforce, config = workforce_of(
            number + 1, {"design": "matched_pair_randomised", "size": pairs, "seed": seed + number}
        )
        inside = workforce.loc[~workforce["employee_id"].isin(workforce["manager_id"])]
        chosen = rng.choice(inside["manager_id"].unique(), teams, replace=False)
        willing = inside.loc[inside["manager_id"].isin(chosen) & (rng.random(len(inside)) < 0.8), "employee_id"]
        consents = pd.DataFrame({"employee_id": willing, "decision": "opted_in"})
        consents["decided_at"] = pd.Timestamp("2025-12-01")
        cohort = form_cohort(workforce, None, consents, config, fixed_on=date(2025, 12, 22))
        clusters.append(cohort.n_clusters)
        for coins in COINS:
            plain, inside_of = _differences(cohort.members, workforce, config, replicates, coins, rng)
            for truth in truths:
                gains = truth.effect + truth.spread * rng.normal(size=(replicates, cohort.n_clusters))
                sums = (plain + plain.std() * gains[:, inside_of]) @ np.eye(cohort.n_clusters)[inside_of]
                parts = np.array_split(sums, max(replicates // 100, 1))
                hits[truth, coins] += int(sum(found(part).sum() for part in parts))
    least, most = min(clusters), max(clusters)
    design = {"pairs": pairs, "clusters": f"{least}" if least == most else f"{least} to {most}"}
    return [
        {**design, "truth": truth.words, "coins": coins, **_rate(count, cohorts * replicates)}
        for (truth, coins), count in hits.items()
    ]


def _differences(
    members: pd.DataFrame,
    workforce: pd.DataFrame,
    config: PilotConfig,
    replicates: int,
    coins: str,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Pair differences without any effect (replicates × pairs) under new coins each time, and the pairs' clusters."""
    standardised = build_metric(workforce, config.cohort.balance).standardised
    place = pd.Series(np.arange(len(workforce)), index=workforce["employee_id"])
    rows = members.pivot(index="pair_id", columns="arm", values="employee_id")
    pairs = pd.DataFrame({"pilot": place[rows["pilot"]].to_numpy(), "control": place[rows["control"]].to_numpy()})
    cluster = members.drop_duplicates("pair_id").set_index("pair_id")["cluster"].loc[rows.index].to_numpy()
    team = pd.factorize(workforce["manager_id"])[0]
    # Outcomes follow covariates, the team and chance.
    own = standardised.sum(axis=1) + 0.5 * rng.normal(size=team.max() + 2)[team] + rng.normal(size=len(workforce))
    judged = standardised if coins == COINS[1] else standardised[:, :0]
    arms = [toss(pairs, int(rng.integers(2**62)), judged)[0] for _ in range(replicates)]
    differences = [own[arm["pilot"].to_numpy()] - own[arm["control"].to_numpy()] for arm in arms]
    return np.array(differences), np.unique(cluster, return_inverse=True)[1]


INTRODUCTION = """# Is `pilot power` right?

Made by `python benchmarks/power.py`; ± is the Monte Carlo error (95 %). All tests are the exact sign-flip test of
cluster sums, one-sided at 5 %; effects differ between managers with an SD of 0.3 pair differences.

## At the stated effect

`pilot power` promises 80 %. {pilots:,} simulated pilots each.

| pairs | managers | smallest effect (SD of a pair difference) | found in |
|---:|---:|---:|---:|
{powers}

## With coins that decide within pairs

Pairs are proposed and matched by `matched_pair_randomised` from volunteers of random teams of the synthetic company,
and all coins are tossed again in each of {tests:,} simulated pilots. Where nothing is true, 5 % is the most that the
test may find. "Once" is the textbook coin: the size is nominal, and as the clusters of a matched cohort are not equally
large, the effect stated for equal ones is found a little less often. The pipeline tosses all coins until the arms are
alike (rerandomisation): the test then finds less where there is nothing, and more where there is something.

| pairs | judging clusters | what is true | coins are tossed | found in |
|---:|---:|---|---|---:|
{sizes}
"""


def page(powers: list[dict[str, Any]], sizes: list[dict[str, Any]], pilots: int, tests: int) -> str:
    """The tables as a page of the documentation."""
    first = [f"| {r['pairs']} | {r['clusters']} | {r['mde']:.2f} | {_shown(r)} |" for r in powers]
    second = [f"| {r['pairs']} | {r['clusters']} | {r['truth']} | {r['coins']} | {_shown(r)} |" for r in sizes]
    return INTRODUCTION.format(pilots=pilots, tests=tests, powers="\n".join(first), sizes="\n".join(second))


def _shown(row: dict[str, Any]) -> str:
    return f"{row['found']:.1%} ± {row['error']:.1%}"


def truths_of(pairs: int, clusters: int) -> list[Truth]:
    """Nothing at all, nothing on average, and the smallest effect that `pilot power` would state."""
    return [
        Truth("no effect on anybody"),
        Truth("none on average, managers differ", spread=MANAGER_SD),
        Truth("the stated effect", effect=mde(pairs, clusters, 1.0, ALPHA), spread=MANAGER_SD),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--pilots", type=int, default=20_000)
    parser.add_argument("--cohorts", type=int, default=12)
    parser.add_argument("--replicates", type=int, default=300)
    options = parser.parse_args()
    powers = [power_at_the_mde(*design, options.pilots, seed) for seed, design in enumerate(DESIGNS)]
    runs = (options.cohorts, options.replicates, 7)
    sizes = [row for pairs, teams in TEAMS for row in rates_of_the_design(pairs, teams, truths_of(pairs, teams), *runs)]
    print(pd.DataFrame(powers).to_string(index=False), pd.DataFrame(sizes).to_string(index=False), sep="\n")
    PAGE.write_text(page(powers, sizes, options.pilots, options.cohorts * options.replicates), encoding="utf-8")
    record("power", {"power_at_the_mde": powers, "coins": sizes})


if __name__ == "__main__":
    main()
