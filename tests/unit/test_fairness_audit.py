"""The bias audits, live and synthetic: planted steering is found, a fair tool passes, small groups stay unseen."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fairness_planted import PATHWAYS, answer, make_config, make_people, make_workforce, recommend

from pilot_pipeline.charts.plots import bias_heat_map, flip_heat_map
from pilot_pipeline.errors import BadInput, NotReady
from pilot_pipeline.fairness import audit as live
from pilot_pipeline.fairness import selftest
from pilot_pipeline.fairness.answers import kept_synthetic, make_synthetic
from pilot_pipeline.fairness.association import going_with
from pilot_pipeline.fairness.audit import Audit, audit_live, audit_synthetic, audit_weekly
from pilot_pipeline.fairness.pairs import excess_bound
from pilot_pipeline.fairness.permutation import permutations
from pilot_pipeline.fairness.power import steering_power, within_person_correlation
from pilot_pipeline.fairness.result import TABLE, rates_by_pathway
from pilot_pipeline.fairness.study import look_statistics, study_people
from pilot_pipeline.fairness.synthetic import read_workforce
from pilot_pipeline.fairness.synthetic_audit import SYNTHETIC_ALPHA
from pilot_pipeline.fairness.twins import make_population, make_twins
from pilot_pipeline.warehouse.connection import open_warehouse
from pilot_pipeline.warehouse.tables import TABLES

CONFIG = make_config()
MONDAY = CONFIG.pilot.starts_on


@pytest.fixture(scope="module")
def workforce() -> pd.DataFrame:
    return make_workforce()


@pytest.fixture(scope="module")
def twins(workforce: pd.DataFrame) -> pd.DataFrame:
    return make_twins(workforce, CONFIG)


def _verdicts(audit: Audit) -> dict[str, str]:
    return dict(zip(audit.attributes["attribute"], audit.attributes["verdict"], strict=True))


def test_steering_by_gender_is_found_named_and_blocks() -> None:
    people = make_people(50)
    audit = audit_live(recommend(people, severe=True), people, CONFIG, MONDAY, PATHWAYS)
    assert audit.blocks
    assert _verdicts(audit)["gender"] == "bias_found"
    assert "gender: bias found" in str(audit)
    assert audit.attributes.set_index("attribute").loc["gender", "where"] in {
        "coaching",
        "strategy",
        "communication",
        "business",
    }
    assert not people["employee_id"].apply(lambda who: who in str(audit)).any()


def test_the_table_is_the_published_one() -> None:
    people = make_people(30)
    table = audit_live(recommend(people, severe=False), people, CONFIG, MONDAY, PATHWAYS).table
    assert list(table.columns) == TABLE
    assert not table.duplicated(["audit", "as_of", "attribute", "group_value", "pathway_id"]).any()
    assert set(table["pathway_id"]) == set(PATHWAYS["pathway_id"])
    shown = table[~table["suppressed"]]
    assert shown.groupby(["attribute", "group_value"])["rate"].sum().to_numpy(dtype=float) == pytest.approx(1.0)
    assert table["as_of"].eq(pd.Timestamp(MONDAY)).all()


def test_too_little_data_is_called_underpowered_and_enough_is_called_no_evidence() -> None:
    few, many = make_people(20), make_people(120)
    assert (
        _verdicts(audit_live(recommend(few, severe=False, seed=1), few, CONFIG, MONDAY))["age_band"] == "underpowered"
    )
    audit = audit_live(recommend(many, severe=False, seed=1), many, CONFIG, MONDAY)
    assert _verdicts(audit) == dict.fromkeys(["gender", "ethnicity", "age_band"], "no_evidence")
    assert audit.verdict == "no_evidence"
    assert "mild steering is easily missed" in str(audit)


def test_neither_pseudonyms_nor_row_order_change_an_audit() -> None:
    people = make_people(30)
    issued = recommend(people, severe=True)
    new = {old: f"x{number * 7919 % 30:03d}" for number, old in enumerate(people["employee_id"])}
    moved = people.assign(employee_id=people["employee_id"].map(new)).sample(frac=1, random_state=3)
    again = issued.assign(employee_id=issued["employee_id"].map(new)).sample(frac=1, random_state=4)
    one = audit_live(issued, people, CONFIG, MONDAY, PATHWAYS)
    other = audit_live(again, moved, CONFIG, MONDAY, PATHWAYS)
    pd.testing.assert_frame_equal(one.table, other.table)
    pd.testing.assert_frame_equal(one.attributes, other.attributes)


def test_a_person_with_a_hundred_recommendations_weighs_as_much_as_one_with_one() -> None:
    people = make_people(30)
    issued = recommend(people, severe=False)
    loud = pd.concat([issued, *[issued.head(1)] * 99], ignore_index=True)
    one, other = (audit_live(rows, people, CONFIG, MONDAY, PATHWAYS) for rows in (issued, loud))
    pd.testing.assert_series_equal(one.attributes["p_value"], other.attributes["p_value"])
    pd.testing.assert_series_equal(one.table["rate"], other.table["rate"])


def test_small_groups_appear_in_no_table_and_no_sentence() -> None:
    people = make_people(30)
    people.loc[[3, 4], "gender"] = "nonbinary"
    people.loc[[5], "ethnicity"] = "Sorbian"
    audit = audit_weekly(recommend(people, severe=True), people, CONFIG, PATHWAYS)[0]
    frames = (audit.attributes, audit.table, audit.themes, audit.reported, audit.power)
    text = str(audit) + "".join(frame.to_csv() for frame in (*frames, audit.by_role))
    text += json.dumps(bias_heat_map(audit.table).to_dict()) + rates_by_pathway(audit.table).to_csv()
    assert "nonbinary" not in text
    assert "Sorbian" not in text
    assert "not testable, not even together" in text
    hidden = audit.table[audit.table["suppressed"]]
    assert len(hidden)
    assert hidden[["n", "rate", "impact_ratio", "p_value", "q_value"]].isna().all().all()


def test_nothing_recommended_yet_is_not_testable() -> None:
    people = make_people(20)
    none = recommend(people, severe=False).head(0)
    audit = audit_live(none, people, CONFIG, MONDAY, PATHWAYS)
    assert audit.verdict == "not_testable"
    assert audit.findings[0].startswith("No recommendation")
    assert audit.table["suppressed"].all()
    assert audit_weekly(none, people, CONFIG, PATHWAYS) == []


def test_a_person_twice_is_refused() -> None:
    people = make_people(20)
    with pytest.raises(BadInput, match="twice"):
        audit_live(recommend(people, severe=False), pd.concat([people, people]), CONFIG, MONDAY)


def test_weekly_audits_find_steering_early_and_a_later_run_repeats_the_earlier_looks() -> None:
    people = make_people(30)
    issued = recommend(people, severe=True, weeks=4)
    audits = audit_weekly(issued, people, CONFIG, PATHWAYS)
    assert [audit.week_no for audit in audits] == [1, 2, 3, 4]
    assert audits[-1].blocks
    found = [audit.blocks for audit in audits]
    assert found == sorted(found)
    (earlier,) = audit_weekly(issued[issued["week_no"] <= 2], people, CONFIG, PATHWAYS, only=[2])
    pd.testing.assert_frame_equal(earlier.table, audits[1].table)
    pd.testing.assert_frame_equal(earlier.attributes, audits[1].attributes)


def test_many_looks_at_once_equal_one_at_a_time() -> None:
    people = make_people(30)
    study = study_people(recommend(people, severe=False), people, CONFIG, PATHWAYS)
    rng = np.random.default_rng(3)
    looks = [np.zeros((30, 6)), *(rng.multinomial(week, np.full(6, 1 / 6), size=30).astype(float) for week in (1, 4))]
    looks[1][:4] = 0  # nothing was recommended to these yet
    moved = permutations(study.panel.strata, 50, rng)
    together = look_statistics(study, looks, moved)
    assert together[0].shape == (50, 0)
    for counts, stats in zip(looks, together, strict=True):
        (alone,) = look_statistics(study, [counts], moved)
        assert stats == pytest.approx(alone)


def test_within_person_correlation_is_seen() -> None:
    rng = np.random.default_rng(0)
    strata = np.zeros(200, dtype=int)
    even = rng.multinomial(12, np.full(4, 0.25), size=200).astype(float)
    always = 12.0 * rng.multinomial(1, np.full(4, 0.25), size=200)
    assert within_person_correlation(even, strata) == pytest.approx(0, abs=0.03)
    assert within_person_correlation(always, strata) == pytest.approx(1, abs=0.01)
    assert within_person_correlation(np.eye(4), np.zeros(4, dtype=int)) == 1.0


@pytest.mark.parametrize(("n", "low", "high"), [(20, 0.30, 0.65), (30, 0.60, 0.90), (50, 0.93, 1.0)])
def test_the_stated_power_is_the_attainable_one(n: int, low: float, high: float) -> None:
    people = make_people(n)
    study = study_people(recommend(people, severe=False), people, CONFIG, PATHWAYS)
    power = steering_power(
        study.testable,
        study.panel,
        np.eye(6)[np.arange(n) % 6],
        alpha=0.05,
        simulations=400,
        rng=np.random.default_rng(1),
    )
    assert low < power.set_index("attribute").loc["gender", "power"].mean() <= high


def test_a_fair_tool_passes_the_twins_and_one_that_steers_a_tenth_by_gender_is_caught(twins: pd.DataFrame) -> None:
    fair = audit_synthetic(twins, answer(twins), CONFIG, PATHWAYS)
    assert fair.verdict == "no_evidence"
    assert list(fair.table.columns) == TABLE
    rng = np.random.default_rng(5)
    steered = twins["gender"].eq("female").to_numpy() & (rng.random(len(twins)) < 0.25)
    biased = audit_synthetic(twins, answer(twins, steered), CONFIG, PATHWAYS)
    assert _verdicts(biased) == {"gender": "bias_found", "ethnicity": "no_evidence", "age_band": "no_evidence"}
    where = biased.attributes.set_index("attribute").loc["gender"]
    assert (where["where"], where["z"] > 0, where["group_value"]) in {
        ("coaching", True, "female"),
        ("coaching", False, "male"),
        ("communication", True, "female"),
        ("communication", False, "male"),
    }


def test_a_steady_tool_flips_for_nobody_and_the_bound_says_how_sure_that_is(twins: pd.DataFrame) -> None:
    steady = answer(twins).assign(pathway_id=np.where(twins["role"] == "Engineer", "coaching", "strategy"))
    audit = audit_synthetic(twins, steady, CONFIG, PATHWAYS)
    assert audit.instability["flips"].eq(0).all()
    assert audit.instability["excess_high"].max() < 0.008
    assert audit.verdict == "no_evidence"
    assert excess_bound(0, 2000, 0, 400) < 0.0015
    assert excess_bound(0, 1600, 0, 400) == pytest.approx(1 - 0.05 ** (1 / 1600))


def test_a_random_tool_is_not_unstable_because_of_the_attribute(twins: pd.DataFrame) -> None:
    audit = audit_synthetic(twins, answer(twins, seed=2), CONFIG, PATHWAYS)
    assert audit.instability["flip_rate"].gt(0.7).all()
    assert audit.instability["excess"].abs().lt(0.08).all()
    assert audit.flips.groupby("attribute")["sets"].sum().eq(400).all()


def test_proxy_bias_passes_the_twins_and_is_caught_by_the_correlated_population(
    workforce: pd.DataFrame, twins: pd.DataFrame
) -> None:
    population = make_population(workforce, CONFIG)
    everyone = pd.concat([twins, population], ignore_index=True)
    by_place = everyone["location"].eq("Berlin").fillna(False).to_numpy() & (
        np.random.default_rng(6).random(len(everyone)) < 0.3
    )
    answers = answer(everyone, by_place)
    about_twins = answers[answers["synthetic_id"].isin(twins["synthetic_id"])]
    alone = audit_synthetic(twins, about_twins, CONFIG, PATHWAYS)
    assert alone.verdict == "no_evidence"
    assert any("Proxy bias was not audited" in finding for finding in alone.findings)
    both = audit_synthetic(twins, answers, CONFIG, PATHWAYS, population=population)
    assert _verdicts(both)["gender"] == "bias_found"
    assert both.attributes.set_index("attribute").loc["gender", "level"].startswith("proxy")
    assert any("by proxy" in finding for finding in both.findings)


def test_a_fair_tool_that_reads_the_place_is_not_accused_because_of_who_happens_to_live_where(
    workforce: pd.DataFrame,
) -> None:
    """By chance alone a role's few women live elsewhere than its men; thousands of copies must not make it a law."""
    alarms = 0
    for seed in range(3):
        rng = np.random.default_rng([seed, 12])
        anywhere = workforce.assign(location=rng.choice(["Berlin", "Munich", "Vienna"], len(workforce)))
        twins, population = make_twins(anywhere, CONFIG), make_population(anywhere, CONFIG)
        everyone = pd.concat([twins, population], ignore_index=True)
        chosen = rng.integers(0, 6, 9)[everyone.groupby(["role", "location"]).ngroup()]
        answers = answer(everyone).assign(pathway_id=PATHWAYS["pathway_id"].to_numpy()[chosen])
        alarms += audit_synthetic(twins, answers, CONFIG, PATHWAYS, population=population).blocks
    assert alarms == 0


def test_what_goes_with_an_attribute_is_told_from_what_does_not(workforce: pd.DataFrame) -> None:
    source = read_workforce(workforce, MONDAY, 5)
    attributes = ["gender", "ethnicity", "age_band"]
    nothing: frozenset[str] = frozenset()
    follow = going_with(source, attributes, np.random.default_rng(0))
    assert follow == {"gender": frozenset({"location"}), "ethnicity": nothing, "age_band": nothing}
    bare = workforce.assign(location=pd.NA, skills=pd.NA, performance_score=np.nan)
    follow = going_with(read_workforce(bare, MONDAY, 5), attributes, np.random.default_rng(0))
    assert set(follow.values()) == {nothing}
    assert going_with(source, [], np.random.default_rng(0)) == {}


def test_a_feature_that_only_some_roles_record_can_still_go_with_an_attribute(workforce: pd.DataFrame) -> None:
    rated = workforce["role"].ne("Seller")
    women = workforce["gender"].eq("female")
    gap = workforce.assign(performance_score=(3.0 + women).where(rated))
    follow = going_with(read_workforce(gap, MONDAY, 5), ["gender"], np.random.default_rng(0))
    assert "performance_score" in follow["gender"]


def test_the_audit_of_what_was_kept_is_the_audit_of_what_was_sent(workforce: pd.DataFrame, tmp_path: Path) -> None:
    table = TABLES["fairness.synthetic_employees"]
    sent = make_synthetic(workforce.assign(ethnicity=pd.NA), CONFIG)
    assert list(sent.kept.columns) == list(table.types)
    with open_warehouse(tmp_path / "warehouse.duckdb") as warehouse:
        warehouse.write(table.table, sent.kept, columns=table.types)
        kept = kept_synthetic(warehouse.read(table.table))
    answers = answer(sent.everyone)
    one, other = (
        audit_synthetic(them.twins, answers, CONFIG, PATHWAYS, population=them.population) for them in (sent, kept)
    )
    pd.testing.assert_frame_equal(one.table, other.table)
    pd.testing.assert_frame_equal(one.proxy, other.proxy)
    assert one.findings == other.findings


def test_before_launch_the_line_is_one_in_a_hundred(twins: pd.DataFrame) -> None:
    assert SYNTHETIC_ALPHA == 0.01
    steered = twins["gender"].eq("female").to_numpy() & (np.random.default_rng(5).random(len(twins)) < 0.25)
    assert "the line is 0.01" in str(audit_synthetic(twins, answer(twins, steered), CONFIG, PATHWAYS))


def test_an_attribute_that_cannot_be_twinned_is_named_not_testable(workforce: pd.DataFrame) -> None:
    twins = make_twins(workforce.assign(ethnicity=pd.NA), CONFIG)
    audit = audit_synthetic(twins, answer(twins), CONFIG, PATHWAYS)
    assert _verdicts(audit)["ethnicity"] == "not_testable"
    assert any("ethnicity: not testable" in finding for finding in audit.findings)


def test_answers_that_do_not_fit_are_refused(twins: pd.DataFrame) -> None:
    with pytest.raises(NotReady, match="dropped 1 of"):
        audit_synthetic(twins, answer(twins).iloc[1:], CONFIG, PATHWAYS)


def test_an_auditor_that_sees_nothing_or_ghosts_does_not_speak(monkeypatch: pytest.MonkeyPatch) -> None:
    people = make_people(30)
    issued = recommend(people, severe=False)
    blind = selftest.statistics
    monkeypatch.setattr(selftest, "statistics", lambda panel, residual, moved: np.zeros((len(moved), 2)))
    with pytest.raises(NotReady, match="missed planted bias 5 of 5"):
        audit_live(issued, people, CONFIG, MONDAY)
    monkeypatch.setattr(
        selftest, "statistics", lambda *given: np.concatenate([[[9e9, 9e9]], blind(*given)[1:]], axis=0)
    )
    with pytest.raises(NotReady, match="saw bias in fair answers 20 of 20"):
        audit_live(issued, people, CONFIG, MONDAY)
    monkeypatch.setattr(selftest, "direction", lambda outcomes, grouping, n, rng: np.zeros((n, 1)))
    with pytest.raises(NotReady, match="on twins"):
        selftest.check_twin_audit()


def test_the_auditors_that_are_tried_are_the_auditors_that_speak() -> None:
    assert selftest.check_people_audit is live.check_people_audit


def test_the_table_on_the_assets_page_withholds_what_is_suppressed() -> None:
    people = make_people(30)
    people.loc[[3, 4], "gender"] = "nonbinary"
    audit = audit_live(recommend(people, severe=False), people, CONFIG, MONDAY, PATHWAYS)
    wide = rates_by_pathway(audit.table).set_index(["attribute", "group"])
    assert list(wide.columns) == ["n", *PATHWAYS["pathway_id"]]
    hidden = audit.table.loc[audit.table["suppressed"], ["attribute", "group_value"]].drop_duplicates()
    for key in hidden.itertuples(index=False, name=None):
        assert set(wide.loc[key]) == {"withheld"}
    shown = wide.loc[("ethnicity", "A")]
    assert shown["n"] == "18"
    assert sum(int(cell.removesuffix(" %")) for cell in shown.iloc[1:]) == pytest.approx(100, abs=3)


def test_twins_that_change_their_pathway_are_told_with_the_direction(twins: pd.DataFrame) -> None:
    steady = answer(twins).assign(pathway_id=np.where(twins["gender"] == "female", "coaching", "strategy"))
    audit = audit_synthetic(twins, steady, CONFIG, PATHWAYS)
    moved = audit.flip_targets.set_index(["attribute", "group_value", "other_value", "pathway_id"])
    assert moved.loc[("gender", "female", "male", "coaching"), ["only_group", "only_other"]].tolist() == [1, 0]
    assert moved.loc[("gender", "female", "male", "strategy"), ["only_group", "only_other"]].tolist() == [0, 1]
    assert (moved.loc["ethnicity", ["only_group", "only_other"]] == 0).all(axis=None)
    words = {row["word"] for row in flip_heat_map(audit.flip_targets).to_dict()["data"]["values"]}
    assert words == {"+100", "−100", "·"}
