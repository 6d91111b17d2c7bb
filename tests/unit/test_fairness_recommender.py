"""Asking the tool by feed, HTTP and callable: each way of answering badly has its own refusal."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd
import pytest
from fairness_planted import PATHWAYS, answer, make_config, make_workforce
from fairness_tool import Reply, Tool, serving

from pilot_pipeline.errors import BadInput, NotReady
from pilot_pipeline.fairness.answer_checks import ANSWERS, check_answers
from pilot_pipeline.fairness.recommender import (
    FeedRecommender,
    FunctionRecommender,
    HttpRecommender,
    ask,
    recommender_for,
)
from pilot_pipeline.fairness.twins import SENT, make_twins

TWINS = make_twins(make_workforce(), make_config(twins=100)).head(60)


@pytest.fixture
def start() -> Iterator[Callable[[Reply], Tool]]:
    yield from serving()


def _good(sent: list[dict[str, Any]], count: int) -> tuple[int, dict[str, str], bytes]:
    rows = [{"synthetic_id": who["synthetic_id"], "pathway_id": "coaching", "rank": 1} for who in sent]
    return 200, {}, json.dumps({"recommendations": rows}).encode()


def _http(tool: Tool, **more: Any) -> HttpRecommender:
    return HttpRecommender(
        tool.url, **{"batch_size": 25, "timeout_s": 5, "retries": 2, "pause": lambda _: None, **more}
    )


def test_employees_go_out_in_batches_without_their_twins(start: Callable[[Reply], Tool]) -> None:
    tool = start(_good)
    answers = ask(_http(tool), TWINS, PATHWAYS)
    assert [len(batch) for batch in tool.batches] == [25, 25, 10]
    assert {name for batch in tool.batches for who in batch for name in who} == set(SENT)
    assert [who["synthetic_id"] for batch in tool.batches for who in batch] == list(TWINS["synthetic_id"])
    assert list(answers.columns) == ANSWERS
    assert set(answers["synthetic_id"]) == set(TWINS["synthetic_id"])


def test_a_tool_that_stumbles_is_asked_again_after_the_pause_it_asks_for(start: Callable[[Reply], Tool]) -> None:
    pauses: list[float] = []

    def stumbling(sent: list[dict[str, Any]], count: int) -> tuple[int, dict[str, str], bytes]:
        return (429, {"Retry-After": "7"}, b"") if count == 1 else (503, {}, b"") if count == 2 else _good(sent, count)

    answers = ask(_http(start(stumbling), batch_size=100, pause=pauses.append), TWINS, PATHWAYS)
    assert len(answers) == len(TWINS)
    assert pauses == [7.0, 1.0]


def test_a_slow_tool_gets_a_sentence(start: Callable[[Reply], Tool]) -> None:
    def slow(sent: list[dict[str, Any]], count: int) -> tuple[int, dict[str, str], bytes]:
        time.sleep(0.6)
        return _good(sent, count)

    sentence = r"did not answer within 0\.2 seconds on batch 1 of 3 \(asked 2 times\); the audit cannot run"
    with pytest.raises(NotReady, match=sentence):
        ask(_http(start(slow), timeout_s=0.2, retries=1), TWINS, PATHWAYS)


@pytest.mark.parametrize(
    ("status", "body", "sentence"),
    [
        (401, b"", "refused batch 1 of 3 with status 401"),
        (500, b"", "answered with status 500 on batch 1 of 3"),
        (302, b"", "refused batch 1 of 3 with status 302"),
        (200, b"<html>", 'is not {"recommendations"'),
        (200, b"[]", 'is not {"recommendations"'),
        (200, b'{"recommendations": [3]}', 'is not {"recommendations"'),
        (200, b'{"recommendations": [{"synthetic_id": {}}]}', 'is not {"recommendations"'),
    ],
)
def test_every_other_failure_gets_its_own_sentence(
    start: Callable[[Reply], Tool], status: int, body: bytes, sentence: str
) -> None:
    tool = start(lambda sent, count: (status, {"Location": "http://127.0.0.1:1/"}, body))
    with pytest.raises(NotReady) as refusal:
        ask(_http(tool), TWINS, PATHWAYS)
    assert sentence in str(refusal.value)
    assert len(tool.batches) == (3 if status == 500 else 1)


def test_an_address_nobody_listens_on_and_one_that_is_none() -> None:
    with pytest.raises(NotReady, match="could not be reached"):
        HttpRecommender("http://127.0.0.1:9/", retries=0).answer(TWINS)
    with pytest.raises(BadInput, match="http://"):
        HttpRecommender("file:///etc/passwd").answer(TWINS)


def _change(**columns: Any) -> Callable[[pd.DataFrame], pd.DataFrame]:
    return lambda frame: frame.assign(**columns)


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda f: pd.concat([f, f.head(2)]), "answered twice about 2 of 60"),
        (lambda f: pd.concat([f, f.head(2).assign(pathway_id="strategy")]), "answered twice about [12] of 60"),
        (lambda f: f.iloc[3:], "dropped 3 of 60"),
        (_change(rank=2), "None of the 60 synthetic employees has an answer"),
        (lambda f: f.assign(synthetic_id="s_" + f["synthetic_id"]), "these answers are about others"),
        (lambda f: pd.concat([f, f.head(1).assign(synthetic_id="s_0")]), "answered 1 times about employees"),
        (_change(pathway_id="golf"), "named a pathway that the feed pathways does not list; the first is 'golf'"),
        (_change(pathway_id=None), "named no pathway in 60 answers"),
        (_change(rank="first"), "rank that is not 1, 2, 3"),
        (_change(rank=0), "rank that is not 1, 2, 3"),
        (_change(rank=1.5), "rank that is not 1, 2, 3"),
        (lambda f: f.drop(columns="pathway_id"), "lack pathway_id"),
    ],
)
def test_answers_that_do_not_fit_get_a_sentence_each(
    spoil: Callable[[pd.DataFrame], pd.DataFrame], sentence: str
) -> None:
    with pytest.raises(NotReady, match=sentence):
        check_answers(spoil(answer(TWINS)), TWINS, PATHWAYS)


def test_an_answer_without_a_rank_is_a_first_choice_and_further_ranks_are_kept() -> None:
    answers = pd.concat([answer(TWINS).drop(columns="rank"), answer(TWINS).head(5).assign(pathway_id="golf", rank=2)])
    checked = check_answers(answers, TWINS, None)
    assert checked["rank"].value_counts().to_dict() == {1: 60, 2: 5}


def test_feed_and_callable_answer_alike() -> None:
    feed = recommender_for(make_config(), answer(TWINS))
    assert isinstance(feed, FeedRecommender)
    one = ask(feed, TWINS, PATHWAYS)
    other = ask(FunctionRecommender(answer), TWINS, PATHWAYS)
    pd.testing.assert_frame_equal(one, other)
    http = recommender_for(make_config(recommender={"http": "https://tool.example/recommend"}), None)
    assert isinstance(http, HttpRecommender)


def test_an_empty_feed_says_how_to_fill_it() -> None:
    with pytest.raises(NotReady, match="pilot twins --out FILE"):
        recommender_for(make_config(), None)
