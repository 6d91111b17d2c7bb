"""Ends every scenario of the synthetic company with many seeds and tables how often it ends as its name says.

    python benchmarks/scenarios.py --seeds 20 --jobs 2 --out docs/scenarios.md

Each pilot goes through the very assets and checks that `pilot run` goes through, up to the verdict (what is drawn,
priced and published after it is left out); only Dagster's own storage is kept in memory. Results are
appended to `--log` as they come, and a second call goes on where the first one stopped.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from datetime import UTC, datetime
from pathlib import Path

from pilot_pipeline.simulation.scenarios import SCENARIOS

LOCKED_ON = "2025-12-22"
MAY_END = {"unused": ("no_go", "reconfigure"), "useless": ("no_go", "reconfigure")}
ALSO = {"contaminated": "directional"}


def end_one(scenario: str, seed: int) -> dict[str, object]:
    """Make, lock and run one company; returns scenario, seed, decision (or blocked) and label."""
    import dagster as dg

    from assets.stage import FIXED_ON_TAG
    from checks.instant import NOW_TAG
    from pilot_pipeline.config import load_pilot
    from pilot_pipeline.definitions import build_defs
    from pilot_pipeline.registration import build_lock, write_lock
    from pilot_pipeline.simulation.company import LOCK_DATE, write_company
    from pilot_pipeline.warehouse.connection import open_warehouse

    now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    tags = {NOW_TAG: now.isoformat()}
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    with tempfile.TemporaryDirectory() as folder, dg.DagsterInstance.ephemeral() as instance:
        why: list[str] = []
        pilot = load_pilot(write_company(Path(folder), scenario, seed))
        defs = build_defs(pilot)

        def run(job: str, more: dict[str, str], only: list[dg.AssetKey] | None = None) -> bool:
            chosen = defs.resolve_job_def(job)
            result = chosen.execute_in_process(
                instance=instance, raise_on_error=False, tags=tags | more, run_config=quiet, asset_selection=only
            )
            why.extend(
                event.step_failure_data.user_failure_data.description
                for event in result.all_events
                if event.is_step_failure and event.step_failure_data.user_failure_data
            )
            return result.success

        if run("design", {FIXED_ON_TAG: LOCKED_ON}):
            with open_warehouse(pilot.home.warehouse) as warehouse:
                members = warehouse.read("cohort.cohort_members")
                facts = warehouse.read("cohort.cohort_facts").set_index("fact")["statement"]
            snapshot = datetime.fromisoformat(facts["snapshot"]).date()
            names = (members, facts["match_hash"], snapshot, LOCK_DATE, now, "a simulation")
            lock = build_lock(pilot.config, *names, today=now.date())
            write_lock(pilot.home.lock_file, lock)
        section = pilot.config.pilot
        weeks = {
            "dagster/asset_partition_range_start": section.starts_on.isoformat(),
            "dagster/asset_partition_range_end": section.week_start(section.weeks).isoformat(),
        }
        row: dict[str, object] = {"scenario": scenario, "seed": seed, "decision": "blocked", "label": "", "why": why}
        needed = dg.AssetSelection.assets("verdict").upstream().resolve(defs.resolve_asset_graph())
        if run("pilot_week", weeks, sorted(needed)):
            with open_warehouse(pilot.home.warehouse) as warehouse:
                (verdict,) = warehouse.read("closeout.verdict").to_dict("records")
            row |= {"decision": str(verdict["decision"]), "label": str(verdict["label"])}
        return row


def as_named(row: dict[str, object]) -> bool:
    """Say whether a pilot ended as its scenario says."""
    name = str(row["scenario"])
    wanted = MAY_END.get(name, (SCENARIOS[name].expected,))
    return row["decision"] in wanted and (name not in ALSO or row["label"] == ALSO[name])


def table(rows: list[dict[str, object]]) -> str:
    """Return the results as markdown."""
    lines = [
        "| scenario | pilots | go | no-go | reconfigure | blocked | ends as named | otherwise (seeds) |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name in SCENARIOS:
        mine = [row for row in rows if row["scenario"] == name]
        if not mine:
            continue
        ends = Counter(str(row["decision"]) for row in mine)
        other = [f"{row['seed']} ({row['decision']})" for row in mine if not as_named(row)]
        counts = " | ".join(str(ends[key]) for key in ("go", "no_go", "reconfigure", "blocked"))
        lines.append(f"| {name} | {len(mine)} | {counts} | {len(mine) - len(other)} | {', '.join(other) or 'none'} |")
    return "\n".join(lines)


def main() -> None:
    """Run what is missing and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--scenario", nargs="+", choices=list(SCENARIOS), default=list(SCENARIOS))
    parser.add_argument("--log", type=Path, default=Path("scenarios.jsonl"))
    parser.add_argument("--out", type=Path, default=None)
    given = parser.parse_args()
    rows = [json.loads(line) for line in given.log.read_text().splitlines()] if given.log.exists() else []
    done = {(row["scenario"], row["seed"]) for row in rows}
    todo = [(name, seed) for seed in range(1, given.seeds + 1) for name in given.scenario if (name, seed) not in done]
    with ProcessPoolExecutor(given.jobs) as pool, given.log.open("a", encoding="utf-8") as log:
        for future in as_completed([pool.submit(end_one, *one) for one in todo]):
            rows.append(future.result())
            print(rows[-1], flush=True)
            log.write(json.dumps(rows[-1]) + "\n")
            log.flush()
    rows.sort(key=lambda row: (list(SCENARIOS).index(str(row["scenario"])), int(str(row["seed"]))))
    print(table(rows))
    if given.out:
        given.out.write_text(f"{HEAD}\n\n{table(rows)}\n", encoding="utf-8")


HEAD = """# How the scenarios end

Each scenario of `pilot demo` was run with seeds from 1 on through the same assets and checks as a real pilot, up to the
verdict. What does not end as its name says is shown, not hidden: it is the price of a rule that may err, and the seeds
are there for anyone to look. Written by `python benchmarks/scenarios.py --seeds 20 --out docs/scenarios.md`."""

if __name__ == "__main__":
    main()
