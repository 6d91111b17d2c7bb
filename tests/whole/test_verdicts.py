"""What a run may not claim: a go for a useless tool, confirmation without a lock, a changed figure in silence."""

from __future__ import annotations

import html

import pandas as pd
import pytest
from whole_pilots import CORRECTED_WEEK, EDITS, LATER, Site, Told

pytestmark = pytest.mark.slow


def test_a_useless_tool_never_gets_a_go(useless: Site) -> None:
    assert useless.told.code == 0, useless.told.err
    assert useless.table("decision")["decision"].iloc[0] in {"no_go", "reconfigure"}
    assert (useless.published / "scorecard.html").is_file()


def test_without_a_lock_the_result_is_directional_and_says_why(unlocked: Site) -> None:
    assert unlocked.told.code == 0, unlocked.told.err
    (row,) = unlocked.table("decision").to_dict("records")
    assert row["decision"] in {"no_go", "reconfigure"}
    assert row["label"] == "directional"
    assert pd.isna(row["lock_sha256"])
    assert "not pre-registered" in row["reasons"].casefold()
    assert "not pre-registered" in unlocked.scorecard.casefold()
    assert set(unlocked.table("kpi_scorecard")["label"]) == {"directional"}


def test_editing_a_locked_target_cohort_or_rule_is_a_deviation_everywhere(edited: tuple[Told, Site]) -> None:
    check, site = edited
    assert site.told.code == 0, site.told.err
    (row,) = site.table("decision").to_dict("records")
    assert row["label"] == "directional" and row["decision"] != "go"
    for sentence in (*EDITS, "The matched pairs that follow from today's feeds are not the locked ones"):
        assert sentence in check.words
        assert sentence in row["reasons"]
        assert sentence in html.unescape(site.scorecard)


def test_a_corrected_feed_restates_its_week_and_nothing_else(effective: Site, unlocked: Site) -> None:
    key = ["week_no", "arm", "kpi"]
    before, after = (site.table("weekly_kpis").set_index(key) for site in (effective, unlocked))
    restated = after.index[after["restated_at"].notna()]
    assert list(restated) == [(CORRECTED_WEEK, "pilot", "prep_time_reduction")]
    assert set(after.loc[restated, "restated_at"]) == {pd.Timestamp(LATER)}
    assert (after.loc[restated, "value"] != before.loc[restated, "value"]).all()
    pd.testing.assert_frame_equal(after.drop(restated), before.drop(restated))


def test_other_data_have_another_digest(effective: Site, unlocked: Site) -> None:
    assert effective.table("decision")["data_sha256"].iloc[0] != unlocked.table("decision")["data_sha256"].iloc[0]
