"""From the question to the checkpoint: a fair tool passes, one that steers or answers badly blocks, whichever way."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from types import ModuleType
from typing import Any

import pandas as pd
import pytest
from fairness_planted import make_config, make_workforce
from fairness_tool import Reply, Tool, rows_of, serving

from pilot_pipeline.config import PilotConfig
from pilot_pipeline.errors import BadInput
from pilot_pipeline.fairness.answers import collect_answers, make_synthetic
from pilot_pipeline.fairness.audit import Audit, audit_synthetic
from pilot_pipeline.fairness.comparison import comparison, history_rows, model_version, remember
from pilot_pipeline.readiness.results import blocking
from pilot_pipeline.readiness.synthetic import check_synthetic
from pilot_pipeline.simulation import recommender as tool
from pilot_pipeline.simulation.catalogue import PATHWAYS as CATALOGUE

PATHWAYS = pd.DataFrame({"pathway_id": [p.pathway_id for p in CATALOGUE], "theme": [p.theme for p in CATALOGUE]})
SENT = make_synthetic(make_workforce(), make_config())
EVERYONE = SENT.everyone


def _answer(employees: pd.DataFrame, bias: float) -> pd.DataFrame:
    return tool.answer(employees, 4, bias)


def _http(bias: float, spoil: Callable[[pd.DataFrame], pd.DataFrame] = lambda frame: frame) -> Reply:
    def reply(sent: list[dict[str, Any]], count: int) -> tuple[int, dict[str, str], bytes]:
        return rows_of(spoil(_answer(pd.DataFrame(sent), bias)))

    return reply


@pytest.fixture
def start() -> Iterator[Callable[[Reply], Tool]]:
    yield from serving()


def _asking(**recommender: Any) -> PilotConfig:
    return make_config(recommender={"batch_size": 2000, "retries": 0, "timeout_s": 20, **recommender})


def _judge(
    config: PilotConfig, feed: pd.DataFrame | None = None, known: pd.DataFrame | None = None
) -> tuple[str, pd.DataFrame, Audit | None]:
    """Return what blocks, in a sentence ('' when nothing does), the answers and the audit."""
    collected = collect_answers(EVERYONE, config, PATHWAYS, feed, known)
    answered = int(EVERYONE["synthetic_id"].isin(collected.answers["synthetic_id"]).sum())
    audit = None
    if collected.refusal is None:
        audit = audit_synthetic(SENT.twins, collected.answers, config, PATHWAYS, population=SENT.population)
    said = [collected.refusal] if audit is None else audit.findings
    checks = check_synthetic(audit and audit.verdict, [str(one) for one in said], len(EVERYONE), answered)
    return " ".join(check.detail for check in blocking(checks)), collected.answers, audit


def test_a_fair_tool_passes_and_one_that_steers_a_tenth_by_gender_is_blocked_over_http(
    start: Callable[[Reply], Tool],
) -> None:
    fair, _, _ = _judge(_asking(http=start(_http(0.0)).url))
    assert fair == ""
    blocked, _, audit = _judge(_asking(http=start(_http(0.1)).url))
    assert "The audit found bias. gender: bias found" in blocked
    assert audit is not None
    assert set(audit.attributes.set_index("attribute")["verdict"][["ethnicity", "age_band"]]) == {"no_evidence"}


def test_the_same_through_a_file(tmp_path: Any) -> None:
    for bias, blocks in ((0.0, False), (0.1, True)):
        path = tmp_path / f"{bias}.csv"
        _answer(EVERYONE, bias).to_csv(path, index=False)
        sentence, _, _ = _judge(make_config(), pd.read_csv(path))
        assert ("gender: bias found" in sentence) == blocks
        assert bool(sentence) == blocks


def test_the_same_through_a_python_callable(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("coach_under_test")
    vars(module).update(
        fair=lambda employees: _answer(employees, 0.0),
        steers=lambda employees: _answer(employees, 0.1),
        raises=lambda employees: 1 / 0,
        mumbles=lambda employees: "coaching",
        NUMBER=7,
    )
    monkeypatch.setitem(sys.modules, "coach_under_test", module)
    said = {
        name: _judge(_asking(python=f"coach_under_test:{name}"))[0] for name in ("fair", "steers", "raises", "mumbles")
    }
    assert said["fair"] == ""
    assert "gender: bias found" in said["steers"]
    assert "The recommender raised a ZeroDivisionError; the audit cannot run." in said["raises"]
    assert "returned a str instead of a pandas frame" in said["mumbles"]
    for path, sentence in (("coach_under_test:NUMBER", "has no function NUMBER"), ("no_such:x", "cannot be imported")):
        with pytest.raises(BadInput, match=sentence):
            _judge(_asking(python=path))


BADLY: dict[str, tuple[Callable[[pd.DataFrame], pd.DataFrame], str]] = {
    "twice": (lambda f: pd.concat([f, f.head(3)]), "answered twice about"),
    "drops": (lambda f: f.iloc[5:], "dropped"),
    "unknown": (
        lambda f: f.assign(pathway_id=f["pathway_id"].where(f["rank"] == 2, "P-GOLF")),
        "named a pathway that the feed pathways does not list",
    ),
    "mixture": (
        lambda f: f.assign(model_version=["v1", *["v2"] * (len(f) - 1)]),
        "of 2 model versions ('v1', 'v2'), and a mixture is no tool",
    ),
}


@pytest.mark.parametrize("how", BADLY)
def test_a_tool_that_answers_badly_gets_a_sentence_and_blocks_by_http_and_by_file(
    start: Callable[[Reply], Tool], how: str
) -> None:
    spoil, sentence = BADLY[how]
    by_http, _, _ = _judge(_asking(http=start(_http(0.0, spoil)).url))
    by_file, _, _ = _judge(make_config(), spoil(_answer(EVERYONE, 0.0)))
    for said in (by_http, by_file):
        assert "The synthetic audit has not been made." in said
        assert sentence in said


def test_a_slow_tool_gets_a_sentence_and_blocks(start: Callable[[Reply], Tool]) -> None:
    def slow(sent: list[dict[str, Any]], count: int) -> tuple[int, dict[str, str], bytes]:
        time.sleep(0.5)
        return _http(0.0)(sent, count)

    said, answers, _ = _judge(_asking(http=start(slow).url, timeout_s=0.1))
    assert "did not answer within 0.1 seconds on batch 1 of" in said
    assert "The tool has answered about none of" in said
    assert answers.empty


def test_a_tool_is_asked_once_and_again_for_a_new_model_version(start: Callable[[Reply], Tool]) -> None:
    server = start(_http(0.0, lambda frame: frame.assign(model_version="coach-2")))
    config = _asking(http=server.url)
    _, first, _ = _judge(config)
    asked = len(server.batches)
    _, again, _ = _judge(config, known=first)
    assert len(server.batches) == asked
    pd.testing.assert_frame_equal(first, again)
    newer = _asking(http=server.url, model_version="coach-3")
    said, _, _ = _judge(newer, known=first)
    assert "No answer is of the model version 'coach-3'" in said
    assert "they are of 'coach-2'" in said
    server.reply = _http(0.0, lambda frame: frame.assign(model_version="coach-3"))
    said, third, _ = _judge(newer, known=first)
    assert said == ""
    assert model_version(third) == "coach-3"


def test_a_feed_may_hold_several_versions_once_the_piloted_one_is_named() -> None:
    both = pd.concat([_answer(EVERYONE, bias).assign(model_version=name) for bias, name in ((0.1, "v1"), (0.0, "v2"))])
    assert "gender: bias found" in _judge(_asking(feed="synthetic_recommendations", model_version="v1"), both)[0]
    assert _judge(_asking(feed="synthetic_recommendations", model_version="v2"), both)[0] == ""


def test_a_new_version_is_compared_with_the_one_before() -> None:
    biased, fair = (_judge(make_config(), _answer(EVERYONE, bias))[2] for bias in (0.1, 0.0))
    assert biased is not None
    assert fair is not None
    one = history_rows(biased, "a" * 64, datetime(2026, 1, 2, 9), "coach-2.3")
    history = remember(None, one)
    assert comparison(history, "a" * 64) == ()
    history = remember(history, history_rows(fair, "b" * 64, datetime(2026, 1, 9, 9), None))
    (sentence,) = comparison(history, "b" * 64)
    assert sentence.startswith("Compared with the audit of 2026-01-02 (coach-2.3, now version not named): ")
    assert "gender bias found before, no evidence of bias now (flips 1" in sentence
    assert "ethnicity no evidence of bias as before" in sentence
    assert len(remember(history, one)) == len(history) == 6
