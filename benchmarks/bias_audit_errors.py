"""Size and power of both bias audits, simulated through the audits' own code, as the table in docs.

    python benchmarks/bias_audit_errors.py --out docs/bias-audit-errors.md

Live: `pilot_pipeline.simulation.audit_errors`, people in three roles, six pathways in two themes, three attributes.
Before launch: `synthetic_audit.py` beside this file, 2,000 twin sets per attribute of simulated companies. It takes
about half an hour of one core; `--pilots 200 --audits 20` is a quick look. A call that was stopped is gone on with.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
from synthetic_audit import smallest_q

from pilot_pipeline.config import PilotConfig, parse_config
from pilot_pipeline.fairness.pairs import excess_bound
from pilot_pipeline.fairness.synthetic_audit import SYNTHETIC_ALPHA
from pilot_pipeline.simulation.audit_errors import TOOLS, Rates, Tool, audit_rates

PEOPLE = (20, 30, 50)
SEED = 20261126
BEFORE_LAUNCH = (
    "fair: at random",
    "fair: reads everything, 3 % whims",
    "fair: reads role and rating",
    "steers severely by gender",
    "steers a tenth of answers by gender",
    "reads role and who is a newcomer, which goes with age",
)


def a_config() -> PilotConfig:
    """Three attributes, twelve weeks, groups of five."""
    data = {
        "pilot": {"starts_on": date(2026, 1, 5)},
        "organisation": {"employees": 400},
        "privacy": {"pseudonym_key": "k" * 32},
        "feeds": {name: {"source": "x.csv"} for name in ("employees", "consents", "tool_events")},
    }
    return parse_config(data, {}, "simulation")


def live_table(rates: list[Rates]) -> list[str]:
    """Return one row per tool and number of people."""
    lines = [
        "| tool | people | pilots | at the first recommendation | once, after twelve weeks | weekly, by week 12 "
        "| week found (median) |",
        "|---|---|---|---|---|---|---|",
    ]
    for one in rates:
        shares = " | ".join(f"{share:.3f} ± {one.error(share):.3f}" for share in (one.first, one.whole, one.weekly))
        week = f"{one.median_week:.0f}" if one.weekly > 0.5 else "–"
        lines.append(f"| {one.tool} | {one.n} | {one.pilots:,} | {shares} | {week} |")
    return lines


def synthetic_table(found: pd.DataFrame) -> list[str]:
    """Return one row per tool: the share of audits that find bias, by which part."""
    lines = [
        "| tool | audits | whole audit | twins alone | correlated population alone |",
        "|---|---|---|---|---|",
    ]
    for tool, rows in found.groupby("tool", sort=False):
        cells = []
        for part in ("whole family", "twins", "population"):
            hits = rows.loc[rows["part"] == part, "q"].le(SYNTHETIC_ALPHA + 1e-12)
            error = max(hits.mean() * (1 - hits.mean()), 1 / len(hits)) / len(hits)
            cells.append(f"{hits.mean():.3f} ± {error**0.5:.3f}")
        lines.append(f"| {tool} | {len(hits):,} | {' | '.join(cells)} |")
    return lines


class Log:
    """What is simulated already, one JSON object a line, so that a second call goes on where the first one stopped."""

    def __init__(self, path: Path) -> None:
        self.path = path
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        self.known = {entry["key"]: entry["value"] for entry in map(json.loads, lines)}

    def once(self, key: str, simulate: Callable[[], Any]) -> Any:
        """Return what is known under a key, or simulate and remember it."""
        if key not in self.known:
            self.known[key] = simulate()
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"key": key, "value": self.known[key]}) + "\n")
            print(key, flush=True)
        return self.known[key]


def live_rates(log: Log, tool: Tool, n: int, pilots: int, permuted: int) -> Rates:
    """Return the rates of one tool and size."""
    key = f"live {tool.name} {n} {pilots} {permuted}"
    found = log.once(key, lambda: asdict(audit_rates(tool, n, a_config(), pilots=pilots, permuted=permuted, seed=SEED)))
    return Rates(**found)


def synthetic_found(log: Log, audits: int) -> pd.DataFrame:
    """Audit each tool so many times, over companies of which each is asked about by ten new tools."""
    rounds, tools = min(10, audits), list(BEFORE_LAUNCH)
    parts = [
        log.once(f"synthetic {seed} {rounds}", lambda seed=seed: smallest_q(seed, rounds, tools, False).to_dict("list"))
        for seed in range(1, max(1, audits // rounds) + 1)
    ]
    return pd.concat([pd.DataFrame(part) for part in parts], ignore_index=True)


def page(live: list[str], synthetic: list[str]) -> str:
    """Return the page."""
    bounds = [f"{excess_bound(0, sets, 0, own):.4%}" for sets, own in ((2000, 1500), (6000, 1500))]
    return PAGE.format(live="\n".join(live), synthetic="\n".join(synthetic), bounds=bounds)


def main() -> None:
    """Simulate and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pilots", type=int, default=4000, help="per fair tool and size; a quarter per steered one")
    parser.add_argument("--audits", type=int, default=300, help="synthetic audits per tool, tens")
    parser.add_argument("--permuted", type=int, default=1000)
    parser.add_argument("--log", type=Path, default=Path("bias_audit_errors.jsonl"))
    parser.add_argument("--out", type=Path, default=None)
    given = parser.parse_args()
    log = Log(given.log)
    share = {True: given.pilots // 4, False: given.pilots}
    rates = [live_rates(log, tool, n, share[tool.steers], given.permuted) for tool in TOOLS for n in PEOPLE]
    text = page(live_table(rates), synthetic_table(synthetic_found(log, given.audits)))
    print(text)
    if given.out:
        given.out.write_text(text, encoding="utf-8")


PAGE = """# How often the bias audit is right

This page is written by `python benchmarks/bias_audit_errors.py --out docs/bias-audit-errors.md`; a small version of
it is a test. Every figure is the share of simulated pilots in which bias was found, ± its Monte Carlo standard
error. The simulated people go through the very functions that audit a pilot.

## Live recommendations

Three roles, gender half and half, two ethnicities, three age bands; six pathways in two themes; one recommendation
per person and week. The family is three attributes over pathways and themes, its line .05. For a fair tool any
finding counts, for a tool that steers only one by gender does.

{live}

*Severe steering* sends women to two pathways in 60 and 5 of 100 cases and everybody else in 10 and 55. Two things
follow:

* **A fair tool is accused in at most five of a hundred pilots**, looked at once or every week for twelve weeks.
  Permuting within roles is exact, so what lies above .05 here is Monte Carlo error.
* **Twelve weeks help only where recommendations vary.** A tool that always repeats a person's first recommendation
  gives one observation per person, however many weeks pass: then twenty people find severe steering six times in ten,
  for ever.

## Before launch, on synthetic employees

2,500 twin sets per attribute, of which 500 are identical (A/A), and 2,500 employees per attribute of the correlated
population; one family over all of it, its line .01. Companies differ from audit to audit.

{synthetic}

Up to 600 audits a tool, of the same design, stand in
[a decision note](decisions/2026-11-22-proxies-beyond-chance-at-one-in-a-hundred.md): a tool that steers a tenth of its
answers was found 300 times of 300.

The last row is *proxy bias*: the tool never reads age, but who is a newcomer, which goes with age. Twins differ in
the year of birth alone and see nothing; the correlated population sees it. Whether tenure is a fair reason is not
for a test to say: see `fairness.legitimate` in [The bias audit](bias-audit.md).

No flip at all among the 2,000 sets that vary an attribute bounds the excess at {bounds[0]} (one-sided 95 %); over three
attributes together, 6,000 sets, it is {bounds[1]}.
"""


if __name__ == "__main__":
    main()
