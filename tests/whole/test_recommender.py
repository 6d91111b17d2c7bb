"""A whole pilot asks its tool over HTTP: a fair one passes the checkpoint, one that steers or answers badly blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fairness_tool import Reply, Tool, serving
from recommenders import answering, asked_over_http
from whole_pilots import LATER, Site, pilot

pytestmark = pytest.mark.slow


@pytest.fixture
def start() -> Iterator[Callable[[Reply], Tool]]:
    yield from serving()


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
    root = asked_over_http(effective, tmp_path / "asked", tool)
    told = pilot("check", "--config", root / "pilot.yaml", "--now", LATER, cwd=tmp_path)
    assert tool.batches
    assert (told.code, told.err) == (code, "")
    assert said in told.words
    assert not {"employee_id", "email", "twin_id", "attribute"} & set(tool.batches[0][0])
