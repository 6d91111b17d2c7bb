"""A pilot of one's own, from `pilot init` to the verdict, run from other directories, with a feed missing."""

from __future__ import annotations

import pandas as pd
import pytest
from whole_pilots import FIRST_WEEKS, MISSING, Own, Site

pytestmark = pytest.mark.slow


def test_init_lock_and_run_work_from_another_directory(own: Own) -> None:
    assert [told.code for told in (own.init, own.lock, own.first, own.site.told)] == [0, 0, 0, 0], own.site.told.err
    assert "30 pairs" in own.lock.words
    assert "attested by Head of People Analytics" in own.lock.words
    assert list((own.site.root.parent / "elsewhere").iterdir()) == []


def test_another_pseudonym_key_gives_the_same_figures(own: Own, effective: Site) -> None:
    mine, demos = own.site.table("kpi_scorecard"), effective.table("kpi_scorecard")
    pd.testing.assert_frame_equal(mine, demos)
    assert own.site.table("decision")["decision"].tolist() == ["go"]


def test_an_interim_run_has_figures_and_no_verdict(own: Own) -> None:
    assert "no verdict yet" in own.first.words
    assert own.first_decision.empty
    assert set(own.first_weeks["week_no"]) == set(range(1, FIRST_WEEKS + 1))


def test_weeks_that_are_run_again_are_the_same_rows_and_not_restated(own: Own) -> None:
    weekly = own.site.table("weekly_kpis")
    again = weekly[weekly["week_no"] <= FIRST_WEEKS].reset_index(drop=True)
    pd.testing.assert_frame_equal(again, own.first_weeks)
    assert weekly["restated_at"].isna().all()
    assert set(weekly["week_no"]) == set(range(1, 13))


def test_a_missing_feed_is_named_on_the_scorecard_with_what_it_switches_off(own: Own) -> None:
    words = " ".join(own.site.scorecard.split())
    assert f"{MISSING} is not configured: the link from performance to business outcomes is not estimated" in words
    assert MISSING not in set(own.site.table("data_quality")["feed"])


def test_an_attested_lock_is_told_from_a_witnessed_one(own: Own) -> None:
    assert "attested" in own.site.scorecard
    assert "Head of People Analytics" in own.site.scorecard
