"""Claims about the scorecard page: what each reader finds, what is never shown, and that nothing is loaded."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import duckdb
import madeup
import pandas as pd
import pytest

from pilot_pipeline.closeout import formats
from pilot_pipeline.closeout.scorecard import render_scorecard
from pilot_pipeline.closeout.scorecard_tables import (
    balance_table,
    checkpoints_table,
    checks_table,
    groups_table,
    kpi_table,
)
from pilot_pipeline.closeout.scorecard_tiles import tiles

FRAMES = (
    "kpi_scorecard",
    "weekly_kpis",
    "cohort_balance",
    "cohort_summary",
    "bias_audit",
    "roi",
    "top_issues",
    "checkpoints",
    "data_quality",
    "tornado",
    "break_even",
    "sso_matrix",
)


class Outline(HTMLParser):
    """Collects what a test asks about: tags with their attributes, and the text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.words.append(data)

    def every(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))


def bare(decision: str | None = "reconfigure", **changes):
    """A card whose frames are empty: quick to render, and the least that a run can give."""
    card = madeup.card(decision)
    empty = {name: getattr(card, name).head(0) for name in FRAMES}
    return replace(card, **empty, costs=(), **changes)


@pytest.fixture(scope="module")
def page() -> str:
    return render_scorecard(madeup.card())


@pytest.fixture(scope="module")
def outline(page: str) -> Outline:
    return Outline(page)


def test_the_page_loads_nothing_and_runs_nothing(page: str, outline: Outline):
    assert not outline.every("script") + outline.every("link") + outline.every("iframe") + outline.every("img")
    assert not [attributes for _, attributes in outline.tags if "src" in attributes]
    assert "http" not in page.replace("http://www.w3.org/", "").replace("http-equiv", "")
    assert not re.search(r"url\((?!#)", page)
    policy = next(meta for meta in outline.every("meta") if meta.get("http-equiv"))
    assert "default-src 'none'" in str(policy["content"])


def test_ids_are_unique_and_every_link_and_clip_finds_its_target(page: str, outline: Outline):
    ids = [attributes["id"] for _, attributes in outline.tags if attributes.get("id")]
    assert len(ids) == len(set(ids))
    links = {str(attributes["href"])[1:] for attributes in outline.every("a")}
    assert links | set(re.findall(r"url\(#([^)]+)\)", page)) <= set(ids)


def test_a_reader_without_eyes_gets_language_headings_and_named_pictures(outline: Outline):
    assert outline.every("html")[0]["lang"] == "en"
    assert len(outline.every("h1")) == 1
    drawings = outline.every("svg")
    assert len(drawings) == 12 and all(drawing["role"] == "img" and drawing["aria-label"] for drawing in drawings)
    assert all(head.get("scope") for head in outline.every("th"))


def test_the_same_card_gives_the_same_bytes(page: str):
    assert render_scorecard(madeup.card()) == page


def test_frames_read_back_from_the_warehouse_give_the_same_page(page: str):
    card = madeup.card()
    with duckdb.connect() as connection:
        read = {name: connection.from_df(getattr(card, name)).df() for name in FRAMES}
    assert render_scorecard(replace(card, **read)) == page


def test_every_reader_finds_their_answer(outline: Outline):
    for words in ("Reconfigure", "confirmatory, attested lock", "4 of 5", "No bias found", "1.2\u00a0%", "81\u00a0%"):
        assert re.sub(r"\s", " ", words) in outline.text
    for words in ("EUR −152,000", "p by manager", "HRIS feed", "23 were needed", "3f3f3f", "a7a7a7", "0.1.0"):
        assert words in outline.text


@pytest.mark.parametrize(
    ("decision", "words"),
    [
        ("go", "Roll out as piloted"),
        ("no_go", "Do not roll out"),
        ("reconfigure", "The pilot succeeded"),
        (None, "No verdict yet"),
    ],
)
def test_each_verdict_is_worded_for_people(decision, words):
    assert words in Outline(render_scorecard(bare(decision))).text


def test_reconfigure_is_worded_as_a_success_and_never_as_a_failure(outline: Outline):
    verdict = outline.text.split("Did it work?")[0].lower()
    assert "succeeded" in verdict and "fail" not in verdict


def test_an_interim_label_hides_a_verdict():
    text = Outline(render_scorecard(bare("go", label="interim"))).text
    assert "No verdict yet" in text and "Roll out as piloted" not in text


def test_a_run_without_a_lock_says_that_the_plan_was_not_pre_registered():
    card = bare(label="directional")
    card = replace(card, provenance=replace(card.provenance, lock_state="absent", lock_sha256=None, attested_by=None))
    text = Outline(render_scorecard(card)).text
    assert "not pre-registered" in text and "A go is impossible on directional evidence" in text


def test_the_least_that_a_run_can_give_is_still_a_page_that_says_what_is_missing():
    text = Outline(render_scorecard(bare())).text
    for words in ("No KPI has been measured", "No week has finished", "No value has been estimated", "Not audited"):
        assert words in text


def test_nobody_can_write_markup_into_the_page():
    hostile = '<script>alert("x")</script>'
    card = bare(reasons=(hostile,), cohort_notes=(hostile,))
    card = replace(
        card, pilot=replace(card.pilot, name=hostile), top_issues=madeup.card().top_issues.assign(title=hostile)
    )
    page = render_scorecard(card)
    assert "<script" not in page and "&lt;script&gt;" in page


def test_a_suppressed_value_is_withheld_and_shows_no_number():
    table = groups_table(madeup.cohort_summary())
    hidden = next(row for row in table.rows if row[0].text == "Gender: x")
    assert [cell.text for cell in hidden[1:]] == ["withheld"] * 3


def test_only_a_covariate_that_was_matched_on_can_be_a_fault():
    balance = madeup.cohort_balance().assign(within_tolerance=False)
    matched = str(balance["covariate"].iloc[-1])
    rows = balance_table(balance, (matched,)).rows
    assert (rows[0][0].note, rows[0][-1].tone) == ("matched on", "bad")
    assert {row[-1].tone for row in rows[1:]} == {"warn"}


def test_a_described_difference_beside_a_confirmatory_label_is_explained(outline: Outline):
    assert "by chance alone" not in outline.text
    text = Outline(render_scorecard(madeup.card(matched_on=("performance_score",)))).text
    assert "0.25 in about one pilot of three by chance alone" in " ".join(text.split())


def test_a_checkpoint_is_one_row_and_what_did_not_pass_is_named_below_it():
    rows = {row[0].text: row for row in checkpoints_table(madeup.checkpoints()).rows}
    assert [cell.text for cell in rows["HRIS feed"][1:4]] == ["passed", "3", "1"]
    assert [row[1].text for row in checks_table(madeup.checkpoints(), failing=True).rows] == ["Several roots"]


def test_an_unmeasured_kpi_shows_dashes_and_says_so():
    frame = madeup.kpi_scorecard().tail(1).assign(actual=None, ci_low=None, ci_high=None, evidence="not_measured")
    row = kpi_table(frame).rows[0]
    assert [cell.text for cell in row[2:5]] == ["–", "–", "not measured"]


def test_the_fairness_tile_never_calls_an_untested_attribute_fair():
    audit = madeup.bias_audit()
    audit.loc[audit["attribute"] == "ethnicity", "verdict"] = "underpowered"
    answers = {tile.question: tile for tile in tiles(madeup.card(bias_audit=audit))}
    assert answers["Is it fair?"].answer == "Cannot tell"
    assert "ethnicity" in answers["Is it fair?"].context


def test_a_tool_audited_only_with_synthetic_people_is_said_to_be_just_that():
    audit = madeup.bias_audit()
    answers = {tile.question: tile for tile in tiles(madeup.card(bias_audit=audit.loc[audit["audit"] == "synthetic"]))}
    assert "not yet in live recommendations" in answers["Is it fair?"].context


def test_a_bias_that_was_found_is_on_the_first_screen():
    answers = {tile.question: tile for tile in tiles(madeup.card(bias_audit=madeup.bias_audit("bias_found")))}
    assert answers["Is it fair?"].answer == "Bias found" and "gender" in answers["Is it fair?"].context


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (formats.number(-0.001), "0.00"),
        (formats.number(-1234.5, 1), "−1,234.5"),
        (formats.number(pd.NA), "–"),
        (formats.percent(0.7), "70\u00a0%"),
        (formats.money(-151_963.2, "EUR"), "EUR\u00a0−152,000"),
        (formats.money(-3_851_963, "EUR"), "EUR\u00a0−3.85\u00a0m"),
        (formats.p_value(0.00004), "<\u00a00.001"),
        (formats.interval("–", "1"), "–"),
        (formats.day(madeup.START), "5\u00a0January\u00a02026"),
    ],
)
def test_figures_are_written_as_people_read_them(shown: str, expected: str):
    assert shown == expected


def test_the_rules_own_error_rates_stand_beside_the_verdict():
    rates = pd.DataFrame(
        [("useless", "The tool changes nothing.", 2000, 0.001, 0.88, 0.119, 0.0007, 0.0073, 0.9)],
        columns=["truth", "description", "pilots", "go", "no_go", "reconfigure", "go_error", "no_go_error", "coverage"],
    )
    shown = " ".join(Outline(render_scorecard(madeup.card(error_rates=rates))).text.split())
    assert "What this rule says about simulated pilots of this very cohort" in shown
    assert "The tool changes nothing. 0.1 % ± 0.1 % 88.0 % ± 0.7 % 11.9 %" in shown
    assert "What this rule says" not in Outline(render_scorecard(madeup.card())).text
