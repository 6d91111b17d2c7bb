"""What a works council reads about the bias audit: each verdict in words that claim no more than was seen."""

from __future__ import annotations

import re

import madeup
import pandas as pd
import pytest

from pilot_pipeline.closeout.fairness_words import council_sentences
from pilot_pipeline.closeout.scorecard import render_scorecard


@pytest.mark.parametrize(
    ("verdict", "audit", "says"),
    [
        ("bias_found", "live", "sent to different coaching depending on gender, by more than chance"),
        ("no_evidence", "live", "gender made no difference to their coaching that chance would not explain"),
        ("underpowered", "live", "For gender too few people took part to rule out even strong steering"),
        ("not_testable", "live", "By gender nobody could be compared"),
        ("bias_found", "synthetic", "It may not be used on anyone until that is mended"),
        ("no_evidence", "synthetic", "Gender made no difference to its answers"),
    ],
)
def test_each_verdict_has_its_sentence(verdict: str, audit: str, says: str) -> None:
    rows = madeup.bias_audit()
    rows = rows.assign(verdict=verdict)[rows["attribute"] == "gender"].assign(audit=audit)
    said = council_sentences(rows, audit)
    assert says in said
    assert not re.search(r"\bp \.|\bp-value|permutation|omnibus|underpowered|family", said)


def test_attributes_are_listed_and_an_intersection_only_where_bias_was_found() -> None:
    one = madeup.bias_audit().query("attribute == 'gender' and audit == 'live'")
    both = [one.assign(attribute=name, verdict="underpowered") for name in ("gender", "age_band", "gender × ethnicity")]
    assert council_sentences(pd.concat(both), "live").startswith("For gender and age too few people")
    found = both[2].assign(verdict="bias_found")
    assert "depending on gender together with ethnicity" in council_sentences(pd.concat([*both[:2], found]), "live")
    assert council_sentences(one.head(0), "live") == ""


def test_the_scorecard_opens_its_fairness_with_them() -> None:
    card = madeup.card(
        bias_findings=("gender: no evidence of steering.",), input_findings=("Ratings differ by gender.",)
    )
    page = render_scorecard(card)
    assert council_sentences(card.bias_audit, "live") in page.replace("&#39;", "'")
    assert "What was unequal before the tool came" in page
    assert "Ratings differ by gender." in page
