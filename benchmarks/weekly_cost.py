"""What a week costs early and late in a pilot: twelve Mondays of the demo, each a run of its own.

    python benchmarks/weekly_cost.py

The feeds are the demo's and stay whole, as exports do; each run goes through the last finished week. CPU seconds of the
command, children included; `again` runs the last week once more, with nothing new.
"""

from __future__ import annotations

import resource
import shutil
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import yaml
from recording import record

PILOT = [sys.executable, "-c", "from pilot_pipeline.cli import main; main()"]


def cpu(*arguments: str | Path, cwd: Path) -> float:
    """Return the CPU seconds of one command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([*PILOT, *map(str, arguments)], cwd=cwd, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Measure, print and record."""
    with TemporaryDirectory() as folder:
        place = Path(folder)
        cpu("demo", "--dir", "demo", cwd=place)
        new = place / "new"
        new.mkdir()
        for name in ("pilot.yaml", "pilot.lock.json", ".env"):
            shutil.copy(place / "demo" / name, new / name)
        shutil.copytree(place / "demo" / "feeds", new / "feeds")
        settings = yaml.safe_load((new / "pilot.yaml").read_text(encoding="utf-8"))["pilot"]
        starts = datetime.fromisoformat(str(settings["starts_on"]))
        rows = []
        for week in [*range(1, int(settings.get("weeks", 12)) + 1), "again"]:
            last = week if isinstance(week, int) else rows[-1]["week"]
            now = (starts + timedelta(weeks=int(last), hours=6)).isoformat()
            spent = cpu("run", "--config", new / "pilot.yaml", "--through", str(last), "--now", now, cwd=place)
            rows.append({"week": week, "CPU s": round(spent, 2)})
            print(rows[-1], flush=True)
    print(pd.DataFrame(rows).to_string(index=False))
    record("weekly_cost", rows)


if __name__ == "__main__":
    main()
