"""One million recommendations × 20 pathways × 5 attributes and their pairs: ours with every test, beside two toolkits.

    python benchmarks/bias_audit_large.py --peers build/peers

fairlearn and aequitas live in an environment of their own, which the script makes where `--peers` says: aequitas
demands pandas 2. Both know one binary outcome per run, so that twenty pathways are twenty runs, of which two are made
and reckoned up; neither tests, stratifies or looks at more than the attributes named. CPU seconds; the ratio to
DuckDB's scan of the same columns is what counts.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as every pilot command does; the peers inherit it

import duckdb
import numpy as np
import pandas as pd
from recording import record

from pilot_pipeline.fairness.large import Unit, audit_large

ATTRIBUTES = ["gender", "ethnicity", "age_band", "location", "disability"]
SIZES = {"gender": 3, "ethnicity": 6, "age_band": 5, "location": 8, "disability": 2}
COLUMNS = ["employee_id", "role", *ATTRIBUTES, "pathway_id"]

_SOME = 2  # pathways of twenty that a peer is run on: each is a run like every other, so the rest is a multiplication

PEER = """
import json, sys, time
import pandas as pd
peer, path, attributes, some = sys.argv[1], sys.argv[2], sys.argv[3].split(","), int(sys.argv[4])
frame = pd.read_parquet(path, columns=[*attributes, "pathway_id"])
every = sorted(frame["pathway_id"].unique())
pathways = every[:some]
if peer == "fairlearn":
    from fairlearn.metrics import MetricFrame, selection_rate
else:
    from aequitas.group import Group
    from aequitas.bias import Bias
start = time.process_time()
if peer == "fairlearn":
    for pathway in pathways:
        chosen = frame["pathway_id"].eq(pathway).astype(int)
        for attribute in attributes:
            one = MetricFrame(metrics=selection_rate, y_true=chosen, y_pred=chosen, sensitive_features=frame[attribute])
            one.by_group, one.ratio(), one.difference()
else:
    for pathway in pathways:
        scored = frame[attributes].assign(score=frame["pathway_id"].eq(pathway).astype(int), label_value=0)
        crosstab, _ = Group().get_crosstabs(scored, attr_cols=attributes)
        Bias().get_disparity_major_group(crosstab, original_df=scored, mask_significance=False)
print(json.dumps((time.process_time() - start) / len(pathways) * len(every)))
"""


def write_recommendations(path: Path, people: int, rows: int) -> None:
    """Write rows of people with five attributes; half of a person's pathways are alike, and nobody is steered."""
    rng = np.random.default_rng(20261126)
    who = pd.DataFrame({"employee_id": [f"p{number:07d}" for number in range(people)]})
    who["role"] = rng.choice([f"role {number}" for number in range(10)], people)
    for name, size in SIZES.items():
        who[name] = rng.choice([f"{name} {number}" for number in range(size)], people)
    order = np.arange(rows) % people
    own, drawn = rng.integers(0, 20, people), rng.integers(0, 20, rows)
    chosen = np.where(rng.random(rows) < 0.5, own[order], drawn)
    frame = who.iloc[order].assign(pathway_id=np.array([f"pathway {n:02d}" for n in range(20)])[chosen], rank=1)
    frame.to_parquet(path, index=False)


def least(work: Callable[[], object], times: int = 5) -> float:
    """Return the least CPU seconds of several tries."""
    spent = []
    for _ in range(times):
        start = time.process_time()
        work()
        spent.append(time.process_time() - start)
    return min(spent)


def peer_seconds(peers: Path, peer: str, path: Path) -> float | None:
    """Return a peer's CPU seconds over all attributes, or None where it cannot be installed or fails."""
    python = peers / "bin" / "python"
    try:
        if not python.exists():
            subprocess.run([sys.executable, "-m", "venv", peers], check=True)
        known = subprocess.run([python, "-c", f"import {peer}"], capture_output=True, check=False)
        if known.returncode:
            subprocess.run([python, "-m", "pip", "install", "--quiet", "fairlearn", "aequitas"], check=True)
        told = subprocess.run(
            [python, "-W", "ignore", "-c", PEER, peer, str(path), ",".join(ATTRIBUTES), str(_SOME)],
            capture_output=True,
            text=True,
            check=True,
        )
    except (subprocess.CalledProcessError, OSError) as error:
        print(f"{peer}: not measured ({type(error).__name__})")
        return None
    return float(told.stdout.splitlines()[-1])


def main() -> None:
    """Measure, print and record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--peers", type=Path, default=None, help="where fairlearn and aequitas live; made if absent")
    given = parser.parse_args()
    measured = []
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
        for unit, each in (("recommendation", 1), ("person", 12)):
            path = Path(folder) / f"{unit}.parquet"
            write_recommendations(path, given.rows // each, given.rows)
            measured += of_unit(connection, path, unit, given.peers if unit == "recommendation" else None)
    print(pd.DataFrame(measured).to_string(index=False))
    record("bias_audit_large", measured)


def of_unit(
    connection: duckdb.DuckDBPyConnection, path: Path, unit: Unit, peers: Path | None
) -> list[dict[str, object]]:
    """Return a row per contestant on one file."""
    relation = f"read_parquet('{path}')"
    lengths = ", ".join(f"sum(strlen({name}))" for name in COLUMNS)

    def scan() -> object:
        return connection.sql(f"SELECT {lengths}, sum(rank) FROM {relation}").fetchall()

    def audit() -> object:
        return audit_large(connection, relation, ATTRIBUTES, minimum=5, unit=unit)

    audit()  # what is imported on first use is not the audit's work
    spent: dict[str, float | None] = {"scan": least(scan), "this software": least(audit)}
    if peers is not None:
        spent |= {peer: peer_seconds(peers, peer, path) for peer in ("fairlearn", "aequitas")}
    works = {"scan": "reads the columns", "this software": "five attributes, ten pairs, every test"}
    cpu = float(spent["scan"] or 1)
    return [
        {
            "unit": unit,
            "contestant": name,
            "work": works.get(name, "five attributes, no pair, no test"),
            "CPU seconds": None if seconds is None else round(seconds, 3),
            "times the scan": None if seconds is None else round(seconds / cpu, 1),
        }
        for name, seconds in spent.items()
    ]


if __name__ == "__main__":
    main()
