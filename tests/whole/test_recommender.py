"""A whole pilot asks its tool over HTTP: a fair one passes the checkpoint, one that steers or answers badly blocks."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from fairness_tool import Reply, Tool, rows_of, serving
from whole_pilots import LATER, Site, Told, pilot

from pilot_pipeline.simulation import recommender

pytestmark = pytest.mark.slow


@pytest.fixture
def start() -> Iterator[Callable[[Reply], Tool]]:
    yield from serving()


def checked(effective: Site, to: Path, tool: Tool) -> Told:
    """`pilot check` of the effective pilot with its recommender at an address."""
    shutil.copytree(effective.root, to)
    path = to / "pilot.yaml"
    text = path.read_text(encoding="utf-8")
    by_file = "recommender: {feed: synthetic_recommendations}"
    assert by_file in text
    text = text.replace(by_file, f'recommender: {{http: "{tool.url}", batch_size: 5000, retries: 0}}')
    path.write_text(text, encoding="utf-8")
    return pilot("check", "--config", path, "--now", LATER, cwd=to.parent)


def answering(bias: float, lost: int = 0) -> Reply:
    def reply(sent: list[dict[str, Any]], count: int) -> tuple[int, dict[str, str], bytes]:
        return rows_of(recommender.answer(pd.DataFrame(sent), 4, bias).iloc[lost:])

    return reply


@pytest.mark.parametrize(
    ("reply", "code", "said"),
    [
        (answering(0.0), 0, "Ready: live data may be processed."),
        (answering(0.1), 1, "The audit found bias. gender: bias found"),
        (answering(0.0, lost=4), 1, "The synthetic audit has not been made. The recommender dropped"),
    ],
    ids=["fair", "steers a tenth by gender", "drops some"],
)
def test_the_tool_is_asked_by_the_pipeline_and_its_answers_decide(
    effective: Site, start: Callable[[Reply], Tool], tmp_path: Path, reply: Reply, code: int, said: str
) -> None:
    tool = start(reply)
    told = checked(effective, tmp_path / "asked", tool)
    assert tool.batches
    assert (told.code, told.err) == (code, "")
    assert said in told.words
    assert not {"employee_id", "email", "twin_id", "attribute"} & set(tool.batches[0][0])
