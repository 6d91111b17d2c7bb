"""CPU seconds of what people wait for: help, loading the definitions, the demo; beside a bare Dagster run of 20 assets.

    python benchmarks/start_up.py --runs 3

Every contestant is a process of its own, in turn, so that a busy machine is busy for all of them. The demo's *pipeline
proper* is the whole command without its imports, which are timed by a process that imports the same modules and stops.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from recording import record

LIMITS = {"pilot --help": 1.0, "loading the definitions": 5.0, "demo, pipeline proper": 30.0}
DEMO = "from pilot_pipeline.cli import main; main()"
DEFINITIONS = "from pilot_pipeline.definitions import defs; defs().resolve_job_def('pilot_week')"
NAMES = "import atexit, sys; atexit.register(lambda: open({out!r}, 'w').write('\\n'.join(sys.modules)))\n"
IMPORTS = """
import contextlib, importlib, io, pathlib, warnings
warnings.simplefilter("ignore")
for name in pathlib.Path({names!r}).read_text().split():
    if not name.startswith("_"):
        with contextlib.suppress(Exception), contextlib.redirect_stderr(io.StringIO()):
            importlib.import_module(name)
"""
BARE = """
import sys
import dagster as dg

def asset(number):
    @dg.asset(name=f"a{number}", deps=[f"a{number - 1}"] if number else [])
    def body():
        return dg.MaterializeResult()
    return body

def check(number):
    @dg.asset_check(asset=f"a{number % 20}", name=f"c{number}")
    def body():
        return dg.AssetCheckResult(passed=True)
    return body

defs = dg.Definitions(assets=[asset(n) for n in range(20)], asset_checks=[check(n) for n in range(30)])
with dg.DagsterInstance.local_temp(sys.argv[1]) as instance:
    assert defs.get_implicit_global_asset_job_def().execute_in_process(instance=instance).success
"""


def cpu_seconds(code: str, arguments: Sequence[str], place: Path) -> float:
    """Run Python code in another process; returns its user and system seconds, children included."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("PILOT_", "DAGSTER_"))}
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=place, env=clean, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise SystemExit(f"This did not work:\n{done.stdout}{done.stderr}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def measure(runs: int) -> dict[str, float]:
    """Return the median CPU seconds of every contestant over some rounds."""
    taken: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        names = str(place / "modules")
        first = NAMES.format(out=names)
        cpu_seconds(first + DEMO, ["demo", "--dir", "warm"], place)  # compiles what was never imported before
        for number in range(runs):
            home = place / f"bare-{number}"
            home.mkdir()
            rounds = {
                "pilot --help": (DEMO, ["--help"]),
                "loading the definitions": (DEFINITIONS, []),
                "bare Dagster, 20 assets and 30 checks": (BARE, [str(home)]),
                "demo, imports": (IMPORTS.format(names=names), []),
                "demo, whole command": (DEMO, ["demo", "--dir", f"demo-{number}"]),
            }
            for name, (code, arguments) in rounds.items():
                taken.setdefault(name, []).append(cpu_seconds(code, arguments, place))
    middle = {name: median(values) for name, values in taken.items()}
    middle["demo, pipeline proper"] = middle["demo, whole command"] - middle["demo, imports"]
    return middle


def main() -> None:
    """Measure, print a table with the ratio to the bare run, and keep it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3)
    measured = measure(parser.parse_args().runs)
    bare = measured["bare Dagster, 20 assets and 30 checks"]
    rows = [
        {"what": name, "CPU seconds": round(taken, 2), "times bare Dagster": round(taken / bare, 2)}
        for name, taken in measured.items()
    ]
    for row in rows:
        limit = LIMITS.get(str(row["what"]))
        held = "" if limit is None else f"   (limit {limit:g}: {'held' if row['CPU seconds'] <= limit else 'MISSED'})"
        print(f"{row['what']:40} {row['CPU seconds']:7.2f} s {row['times bare Dagster']:6.2f} x bare{held}")
    record("start_up", rows)


if __name__ == "__main__":
    main()
