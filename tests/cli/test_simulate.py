"""`pilot simulate`: a table, a picture or one JSON object; a wish that cannot be met is refused in a sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commandline import Command

from pilot_pipeline.config import load_pilot
from pilot_pipeline.simulation.template import write_template

QUICK = ("--pilots", "100", "--truth", "useless", "--truth", "very_good")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return write_template(tmp_path)[0]


def test_it_tables_what_the_rule_says_with_its_error(pilot: Command, config: Path) -> None:
    ended = pilot("simulate", "--config", config, *QUICK)
    words = " ".join(ended.out.split())
    assert ended.code == 0
    assert "An assumed design, not this pilot's own cohort. 30 pairs in 8 clusters of managers, 10 % of" in words
    assert "useless" in words and "± 0.0" in words
    assert "Power:" in words and "False go" not in words  # the truths of a false go were not asked for


def test_json_has_the_documented_keys_and_nothing_else_on_stdout(pilot: Command, config: Path) -> None:
    told = json.loads(pilot("simulate", "--config", config, "--json", "--pairs", 40, "--managers", 9, *QUICK).out)
    assert list(told) == ["design", "false_go_rate", "power", "truths"]
    assert list(told["design"]) == ["source", "pairs", "clusters", "missing", "target_sd", "own"]
    assert (told["design"]["pairs"], told["design"]["clusters"], told["false_go_rate"]) == (40, 9, None)
    documented = ["truth", "description", "pilots", "go", "no_go", "reconfigure", "go_error", "no_go_error", "coverage"]
    assert [list(row) for row in told["truths"]] == [documented] * 2
    assert told["power"] == told["truths"][1]["go"]


def test_the_seed_decides_and_is_the_pilots_own_by_default(pilot: Command, config: Path) -> None:
    def power(*more: object) -> float:
        asked = ("simulate", "--config", config, "--json", "--pilots", 400, "--truth", "very_good", *more)
        return json.loads(pilot(*asked).out)["power"]

    seed = load_pilot(config).config.cohort.seed
    assert power() == power() == power("--seed", seed)
    assert len({power("--seed", other) for other in (1, 2, 3)}) > 1


@pytest.mark.parametrize("name", ["rates.svg", "rates.PNG"])
def test_a_picture_is_written_where_one_is_asked_for(pilot: Command, config: Path, tmp_path: Path, name: str) -> None:
    ended = pilot("simulate", "--config", config, "--plot", tmp_path / name, *QUICK)
    assert ended.code == 0 and name in ended.out
    assert (tmp_path / name).read_bytes().startswith(b"<svg" if name.endswith("svg") else b"\x89PNG")


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (("--truth", "perfect"), "--truth perfect is not known; there are useless, all_fail,"),
        (("--pairs", "20", "--managers", "21"), "20 pairs cannot be spread over 21 clusters"),
        (("--plot", "rates.pdf"), "the name must end in .svg or .png"),
        (("--plot", "no/such/rates.svg"), "its directory does not exist"),
        (("--pilots", "3"), "greater than or equal to 100"),
        (("--missing", "1.5"), "less than or equal to 0.9"),
    ],
)
def test_a_wish_that_cannot_be_met_is_refused_in_a_sentence(
    pilot: Command, config: Path, wrong: tuple[str, ...], sentence: str
) -> None:
    ended = pilot("simulate", "--config", config, *QUICK, *wrong)
    assert ended.code == 2
    assert sentence in " ".join(ended.err.replace("│", " ").split())


def test_a_cohort_that_is_mostly_missing_is_still_simulated(pilot: Command, config: Path) -> None:
    told = json.loads(pilot("simulate", "--config", config, "--json", "--pairs", 3, "--missing", 0.9, *QUICK).out)
    assert told["power"] == 0.0
    assert all(row["reconfigure"] == 1.0 for row in told["truths"])
