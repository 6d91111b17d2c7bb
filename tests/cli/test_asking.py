"""What is asked before and beside a run: help, completion, the path, the schema."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from commandline import Command, start, wait

from pilot_pipeline.config.schema import build_schema
from pilot_pipeline.simulation.scenarios import SCENARIOS
from pilot_pipeline.simulation.template import write_template

HEAVY = ("pandas", "numpy", "scipy", "duckdb", "dagster", "great_expectations", "pandera", "altair", "yaml")
NO_TRIGGER = {
    "first_ai_coaching_tool: true": "first_ai_coaching_tool: false",
    "hris_quality_uncertain: true": "hris_quality_uncertain: false",
    "manager_culture_uneven: true": "manager_culture_uneven: false",
    "roi_case_needed: true": "roi_case_needed: false",
    "regulations: [GDPR]": "regulations: []",
}
REPLACEMENT = ("integration_architecture", "competency_framework", "governance_structure")
PEER = ("same_vertical", "same_size_tier", "reproducible", "independently_published")


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["--version"]])
def test_help_is_quick_and_imports_nothing_heavy(arguments: list[str]) -> None:
    program = (
        "import resource, sys\n"
        "from pilot_pipeline.cli import main\n"
        "try: main()\n"
        "except SystemExit as done: assert not done.code\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)\n"
        "used = resource.getrusage(resource.RUSAGE_SELF)\n"
        "print(used.ru_utime + used.ru_stime, file=sys.stderr)\n"
    )
    ended = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True)
    imported, seconds = ended.stderr.strip().splitlines()
    assert imported == "[]"
    assert float(seconds) < 1


def completed(cwd: Path, *words: str) -> list[str]:
    """What bash offers for the last word."""
    typed = {
        "COMP_WORDS": "\n".join(("pilot", *words)),
        "COMP_CWORD": str(len(words)),
        "_PILOT_COMPLETE": "complete_bash",
    }
    environment = {**os.environ, **typed}
    program = "import sys; sys.argv = ['pilot']; from pilot_pipeline.cli import main; main()"
    asked = [sys.executable, "-c", program]
    return subprocess.run(asked, cwd=cwd, env=environment, capture_output=True, text=True, check=False).stdout.split()


def test_a_shell_completes_commands_scenarios_and_config_files(tmp_path: Path) -> None:
    for name in ("pilot.yaml", "other.yml", "notes.txt", "sub/pilot.yaml", ".hidden.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert completed(tmp_path, "sta") == ["status"]
    assert completed(tmp_path, "demo", "--scenario", "") == list(SCENARIOS)
    assert completed(tmp_path, "demo", "--scenario", "u") == ["useless", "unused"]
    assert completed(tmp_path, "check", "--config", "") == ["other.yml", "pilot.yaml", "sub/"]
    assert completed(tmp_path, "check", "--config", "sub/p") == ["sub/pilot.yaml"]
    assert completed(tmp_path, "check", "--config", "nowhere/p") == []


def test_completion_can_be_shown_and_installed_for_the_shell_it_is_asked_from(tmp_path: Path) -> None:
    program = f"{sys.executable} -c 'from pilot_pipeline.cli import main; main()'"
    for option in ("--show-completion", "--install-completion"):
        asked = ["bash", "-c", f"{program} {option}; true"]
        environment = {**os.environ, "HOME": str(tmp_path)}
        ended = subprocess.run(asked, capture_output=True, text=True, check=True, env=environment)
        assert "pilot" in ended.stdout
    (script,) = tmp_path.glob(".bash_completions/*")
    assert "_PILOT_COMPLETE=complete_bash" in script.read_text(encoding="utf-8")


def company(tmp_path: Path, employees: int, triggers: bool, attested: tuple[str, ...] = ()) -> Path:
    path = write_template(tmp_path)[0]
    text = path.read_text(encoding="utf-8").replace("employees: 812 ", f"employees: {employees} ", 1)
    for old, new in {} if triggers else NO_TRIGGER.items():
        assert old in text
        text = text.replace(old, new, 1)
    for key in attested:
        text = text.replace(f"{key}: false", f"{key}: true", 1)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("employees", "triggers", "attested", "route", "reason"),
    [
        (49, True, (), "Run the six steps on everyone:", "49 employees are fewer than 50."),
        (49, False, REPLACEMENT, "Run the six steps on everyone:", "49 employees are fewer than 50."),
        (50, True, (), "Run a pilot.", "This is the first AI coaching tool here."),
        (50, False, (), "Run a pilot.", "No bypass is attested completely."),
        (50, False, REPLACEMENT, "a like-for-like replacement of a validated tool.", "are attested as unchanged."),
        (50, False, REPLACEMENT[:2], "Run a pilot.", "A like-for-like replacement also needs: governance structure."),
        (50, False, PEER, "the configuration was validated by a peer.", "published it independently and reproducibly."),
        (50, False, PEER[:3], "Run a pilot.", "a vendor's case study does not count."),
        (50, False, PEER[1:], "Run a pilot.", "Peer evidence also needs: same vertical."),
        (50, True, REPLACEMENT, "Run a pilot.", "does not outweigh a reason for a pilot."),
    ],
)
def test_the_path_and_its_reason(
    pilot: Command, tmp_path: Path, employees: int, triggers: bool, attested: tuple[str, ...], route: str, reason: str
) -> None:
    ended = pilot("path", "--config", company(tmp_path, employees, triggers, attested))
    words = " ".join(ended.out.split())
    assert ended.code == 0
    assert route in words
    assert reason in words


@pytest.mark.parametrize(
    ("key", "trigger"),
    [
        ("first_ai_coaching_tool", "This is the first AI coaching tool here."),
        ("hris_quality_uncertain", "The quality of the HRIS data is doubtful."),
        ("manager_culture_uneven", "Manager culture is uneven."),
        ("roi_case_needed", "An ROI case is needed."),
        ("equity_concern", "There is an equity concern."),
    ],
)
def test_each_trigger_alone_leads_to_a_pilot_whatever_is_attested(
    pilot: Command, tmp_path: Path, key: str, trigger: str
) -> None:
    path = company(tmp_path, 50, False, PEER)
    path.write_text(path.read_text(encoding="utf-8").replace(f"{key}: false", f"{key}: true", 1), encoding="utf-8")
    words = " ".join(pilot("path", "--config", path).out.split())
    assert words.startswith(f"Run a pilot. • {trigger}")


def test_the_schema_is_printed_for_programs_and_written_for_editors(pilot: Command, tmp_path: Path) -> None:
    assert json.loads(pilot("schema").out) == build_schema()
    assert pilot("schema", "--out", tmp_path / "s.json").code == 0
    assert json.loads((tmp_path / "s.json").read_text(encoding="utf-8")) == build_schema()


def test_a_pipe_gets_eighty_columns_and_no_colours(tmp_path: Path) -> None:
    config = write_template(tmp_path / "a place [with] brackets")[0]
    for command in ("path", "status"):
        ended = wait(start(command, "--config", config, cwd=tmp_path))
        assert ended.code == 0
        assert "\x1b" not in ended.out
        assert max(map(len, ended.out.splitlines())) <= 80


def test_no_color_is_respected_even_where_colour_is_forced(tmp_path: Path) -> None:
    config = write_template(tmp_path)[0]
    forced = wait(start("status", "--config", config, cwd=tmp_path, FORCE_COLOR="1", TERM="xterm"))
    plain = wait(start("status", "--config", config, cwd=tmp_path, FORCE_COLOR="1", TERM="xterm", NO_COLOR="1"))
    assert "\x1b[33m" in forced.out
    assert not any(f"\x1b[{colour}m" in plain.out for colour in range(30, 38))


def test_a_terminal_without_utf8_still_gets_its_answer(tmp_path: Path) -> None:
    config = write_template(tmp_path)[0]
    ended = wait(start("path", "--config", config, cwd=tmp_path, PYTHONIOENCODING="ascii"))
    assert ended.code == 0
    assert "Run a pilot." in ended.out


def test_init_says_where_it_wrote_as_seen_from_here(
    pilot: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert "pilot check --config new [x]/pilot.yaml" in pilot("init", tmp_path / "new [x]").out
