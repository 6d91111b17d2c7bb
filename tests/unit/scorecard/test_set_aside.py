"""Claims about rows in quarantine: they are counted as what they could have meant, never as if they had not been."""

from __future__ import annotations

import pandas as pd
import pytest

from pilot_pipeline.closeout.set_aside import set_aside_remarks
from pilot_pipeline.kpis.results import KpiResult

ADOPTION = KpiResult("adoption", "threshold", 0.7, actual=0.7, n=30, active=21, needed=23)
COMPLETION = KpiResult("module_completion", "threshold", 0.6, actual=0.5, n=2)
MODULES = pd.DataFrame({"employee_id": ["a", "b"], "assigned": [6, 4], "completed": [3, 2]})


def quality(**aside: int) -> pd.DataFrame:
    return pd.DataFrame({"feed": list(aside), "rows_quarantined": list(aside.values())})


def remarks(results: list[KpiResult], feeds: pd.DataFrame) -> list[str]:
    return [said.replace("\N{NO-BREAK SPACE}", " ") for said in set_aside_remarks(results, feeds, MODULES)]


@pytest.mark.parametrize(("rows", "share"), [(3, "80 %"), (50, "100 %")])
def test_each_lost_event_may_be_somebody_elses_and_never_more_than_everybody(rows: int, share: str):
    (said,) = remarks([ADOPTION], quality(tool_events=rows, employees=9))
    assert said == (
        f"Adoption: {rows} rows of tool_events were set aside; had each shown somebody else in the deadline week, "
        f"it would be {share}."
    )


def test_lost_assignments_lower_completion_and_lost_events_raise_it():
    (said,) = remarks([COMPLETION], quality(module_assignments=10, tool_events=1))
    assert said.endswith("whatever they said, it lies between 25 % and 60 %.")
    assert "1 row of tool_events and 10 rows of module_assignments were set aside" in said


@pytest.mark.parametrize(
    ("kpi", "kind", "feed", "words"),
    [
        ("behaviour_change", "effect", "manager_observations", "count as missing"),
        ("pulse", "threshold", "pulse_responses", "counts as not said"),
    ],
)
def test_what_else_was_lost_is_said(kpi: str, kind: str, feed: str, words: str):
    result = KpiResult(kpi, kind, 0.3, actual=0.4)
    (said,) = remarks([result], quality(**{feed: 1}))
    assert f"1 row of {feed} was set aside" in said and words in said


def test_a_sound_feed_and_a_kpi_without_a_figure_say_nothing():
    unmeasured = KpiResult("pulse", "threshold", 3.5)
    assert remarks([ADOPTION, unmeasured], quality(tool_events=0, pulse_responses=4)) == []
