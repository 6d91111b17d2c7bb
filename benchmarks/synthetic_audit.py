"""How often the synthetic audit finds bias: in fair tools (its size), and in steered ones (its power).

    python benchmarks/synthetic_audit.py --companies 12 --rounds 40

Each company of the scenario `effective` is a workforce of its own, in which rating, place and skills are independent of
gender and ethnicity within a role, and tenure goes with age. Each round is a new tool, which answers once about all
twins and the correlated population. Fair tools read what they read, never a protected attribute.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from unittest.mock import patch

import numpy as np
import pandas as pd
from numpy.random import Generator

from pilot_pipeline.cohort.workforce import build_workforce
from pilot_pipeline.fairness import twins as making
from pilot_pipeline.fairness.power import severe_chances
from pilot_pipeline.fairness.synthetic import DRAWN, FEATURES
from pilot_pipeline.fairness.synthetic_audit import PERMUTATIONS, family_tests, line_up
from pilot_pipeline.simulation.catalogue import PATHWAYS
from pilot_pipeline.simulation.company import SNAPSHOTS, build_company

Tool = Callable[[pd.DataFrame, Generator], np.ndarray]
IDS = np.array([pathway.pathway_id for pathway in PATHWAYS])
LEVELS = (0.05, 0.01)


def reads(*columns: str, whims: float = 0.0) -> Tool:
    """A fair tool: the same answer for everyone who looks alike in these columns, but for a share of whims."""

    def answer(employees: pd.DataFrame, rng: Generator) -> np.ndarray:
        seen = employees[["role", *columns]].assign(role=employees["role"])
        if "tenure_years" in columns and len(columns) == 1:
            seen["tenure_years"] = seen["tenure_years"] < 2  # newcomers
        alike = seen.groupby([*seen], dropna=False).ngroup().to_numpy()
        own = alike.max() + 1 + np.arange(len(employees))
        alike = np.where(rng.random(len(employees)) < whims, own, alike)
        draws = rng.random((own[-1] + 1, len(PATHWAYS)))[alike]
        fits = np.column_stack([employees["role"].isin(pathway.roles).to_numpy() for pathway in PATHWAYS])
        return np.asarray((draws + fits).argmax(axis=1))

    return answer


def at_random(employees: pd.DataFrame, rng: Generator) -> np.ndarray:
    """A fair tool that throws dice."""
    return rng.integers(0, len(PATHWAYS), len(employees))


def steers_severely(employees: pd.DataFrame, rng: Generator) -> np.ndarray:
    """Sends women to two pathways with .60 and .05, everyone else with .10 and .55."""
    women = employees["gender"].eq("female").fillna(False).to_numpy()
    chances = severe_chances(len(PATHWAYS)).cumsum(axis=1)[np.where(women, 0, 1)]
    return np.asarray((rng.random(len(employees))[:, None] > chances).sum(axis=1))


def steers(share: float) -> Tool:
    """Steers a share of its answers by gender, women to one pathway and men to another; fair otherwise."""

    def answer(employees: pd.DataFrame, rng: Generator) -> np.ndarray:
        fair = reads(*FEATURES[1:], whims=0.03)(employees, rng)
        alike = employees[FEATURES].groupby(FEATURES, dropna=False).ngroup().to_numpy()
        led = rng.random(alike.max() + 1)[alike] < share
        for code, gender in enumerate(("female", "male")):
            fair = np.where(led & employees["gender"].eq(gender).fillna(False).to_numpy(), code, fair)
        return fair

    return answer


TOOLS: dict[str, Tool] = {
    "fair: at random": at_random,
    "fair: reads everything, 3 % whims": reads(*FEATURES[1:], whims=0.03),
    "fair: reads everything, never a whim": reads(*FEATURES[1:]),
    "fair: reads role and rating": reads("performance_score"),
    "fair: reads role and place": reads("location"),
    "fair: reads role and skills": reads("skills"),
    "reads role and who is a newcomer, which goes with age": reads("tenure_years"),
    "steers severely by gender": steers_severely,
    "steers a tenth of answers by gender": steers(0.10),
    "steers a twentieth of answers by gender": steers(0.05),
}


def smallest_q(seed: int, rounds: int, tools: list[str], everything_follows: bool) -> pd.DataFrame:
    """Return tool, part (twins, population, both) and the family's smallest adjusted p, one row per round and part."""
    company = build_company("effective", seed)
    workforce, config = build_workforce(company.feeds["employees"], company.config, SNAPSHOTS[0]), company.config
    every = {name: frozenset(DRAWN) for name in config.fairness.attributes}
    with patch.object(making, "going_with", lambda *given: every) if everything_follows else patch.dict({}):
        twins, population = making.make_twins(workforce, config), making.make_population(workforce, config)
    everyone = pd.concat([twins, population], ignore_index=True)
    rows = []
    for tool in tools:
        for number in range(rounds):
            rng = np.random.default_rng([seed, number, list(TOOLS).index(tool)])
            chosen = IDS[TOOLS[tool](everyone, rng)]
            answers = pd.DataFrame({"synthetic_id": everyone["synthetic_id"], "pathway_id": chosen, "rank": 1})
            lined_up = line_up(twins, population, answers, company.feeds["pathways"], config)
            tests = family_tests(lined_up, PERMUTATIONS, rng)
            proxy = tests["level"].str.startswith("proxy")
            parts = {"whole family": tests, "twins": tests[~proxy], "population": tests[proxy]}
            rows += [(tool, part, frame["q_value"].min()) for part, frame in parts.items()]
    return pd.DataFrame(rows, columns=["tool", "part", "q"])


def main() -> None:
    """Print the share of audits that find bias, per tool and level."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--companies", type=int, default=12)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--tool", action="append", choices=list(TOOLS), help="default: all")
    parser.add_argument("--everything-follows", action="store_true", help="features follow attributes by chance too")
    given = parser.parse_args()
    seeds = range(given.first, given.first + given.companies)
    tools = given.tool or list(TOOLS)
    found = pd.concat([smallest_q(seed, given.rounds, tools, given.everything_follows) for seed in seeds])
    shares = {f"at {level:g}": found["q"].le(level + 1e-12) for level in LEVELS}
    keys = [found["tool"], found["part"]]
    table = pd.DataFrame(shares).groupby(keys, sort=False).mean()
    print(table.assign(audits=found.groupby(["tool", "part"], sort=False).size()).to_string())


if __name__ == "__main__":
    main()
