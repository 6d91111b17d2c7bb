"""Every branch of the decision gate is taken by a claim of `test_gate`, not by chance."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_claims_reach_every_branch_of_the_gate(tmp_path: Path) -> None:
    """The property tests are left out: what only they reach, nobody has claimed."""
    claims = [str(ROOT / "tests/unit/test_gate.py"), "-k", "not every_input and not better_evidence"]
    covered = ["--cov=pilot_pipeline.closeout.gate", "--cov-branch", f"--cov-report=json:{tmp_path / 'found.json'}"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *claims, *covered],
        cwd=ROOT,
        env={**os.environ, "COVERAGE_FILE": str(tmp_path / "coverage")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    found = json.loads((tmp_path / "found.json").read_text(encoding="utf-8"))["files"]
    gate = found["pilot_pipeline/closeout/gate.py"]
    assert gate["summary"]["num_branches"] > 40
    assert gate["missing_lines"] == gate["missing_branches"] == []
