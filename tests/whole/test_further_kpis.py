"""Two KPIs of a company's own, declared in pilot.yaml alone, from their feed to the verdict's reasons; one run."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from whole_pilots import MADE_ON, Site, Told, pilot

from pilot_pipeline.simulation.company import write_company

pytestmark = pytest.mark.slow
PLANTED, LESS_BY, SHARE_REACHED = -1.5, 1.0, 0.6
FURTHER = [
    {
        "name": "escalations",
        "label": "Escalations to HR",
        "unit": "cases per week",
        "kind": "effect",
        "direction": "less",
        "target": LESS_BY,
        "estimator": "ancova",
        "required": True,
    },
    {
        "name": "regular_talks",
        "unit": "talks per week",
        "kind": "threshold",
        "metric": "one_on_ones",
        "target": SHARE_REACHED,
        "estimator": "share",
        "reached": 2,
    },
]


def _measurements(root: Path) -> pd.DataFrame:
    """Escalations fall by 1.5 for participants from week 1 on; they talk more. Everybody is measured, week by week."""
    export = pd.read_csv(root / "feeds" / "employees" / "employees_2025-12-15.csv", dtype=str)
    people = export["employee_id"].drop_duplicates()  # it has the flaws that exports have
    enrolments = pd.read_csv(root / "feeds" / "enrolments.csv", dtype=str)
    pilots = people.isin(enrolments.loc[enrolments["arm"] == "pilot", "employee_id"]).to_numpy()
    rng = np.random.default_rng(20260105)
    own, talks = rng.normal(8, 1.2, len(people)), rng.normal(1.2, 0.4, len(people))
    weeks = []
    for week in range(-4, 13):
        day = pd.Timestamp("2026-01-05") + pd.Timedelta(days=7 * (week - 1) + 6)  # its Sunday
        helped = pilots & (week >= 1)
        values = {"escalations": own + PLANTED * helped, "one_on_ones": talks + 1.6 * helped}
        for metric, mean in values.items():
            noisy = (mean + rng.normal(0, 0.8, len(people))).round(2)
            weeks.append(
                pd.DataFrame({"employee_id": people, "measured_on": day.date(), "metric": metric, "value": noisy})
            )
    slip = pd.DataFrame({"employee_id": people[:1], "measured_on": ["2026-01-07"], "metric": ["talks"], "value": [1]})
    return pd.concat([*weeks, slip], ignore_index=True)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("further") / "pilot"
    path = write_company(root, "effective", 1)
    _measurements(root).to_csv(root / "feeds" / "measurements.csv", index=False)
    settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    settings["kpis"]["further"] = FURTHER
    settings["feeds"]["measurements"] = {"source": "feeds/measurements.csv"}
    path.write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
    return root


def command(root: Path, name: str, *arguments: str) -> Told:
    return pilot(name, "--config", root / "pilot.yaml", *arguments, cwd=root.parent)


@pytest.fixture(scope="module")
def measured(root: Path) -> Site:
    lock = command(root, "lock", "--as-of", "2025-12-22", "--attested-by", "Head of Analytics", "--now", MADE_ON)
    assert lock.code == 0 and "7 KPIs, their targets" in lock.words, lock.err
    return Site(root, command(root, "run", "--now", MADE_ON))


def test_each_week_has_a_row_per_arm_in_peoples_own_unit(measured: Site) -> None:
    assert measured.told.code == 0, measured.told.err
    weekly = measured.table("weekly_kpis")
    assert len(weekly) == 12 * 2 * 7
    late = weekly[weekly["week_no"] >= 5].set_index(["kpi", "arm"])
    escalations = late.loc["escalations"].groupby("arm")["value"].mean()
    assert escalations["pilot"] - escalations["control"] == pytest.approx(PLANTED, abs=0.8)
    assert escalations["control"] == pytest.approx(8, abs=0.7)
    assert late.loc[("escalations", "pilot"), ["target", "on_track"]].isna().all(axis=None)
    talks = late.loc[("regular_talks", "pilot")]
    assert talks["value"].between(0.6, 1).all() and set(talks["target"]) == {SHARE_REACHED}
    assert talks["on_track"].all() and (talks["ci_high"] <= 1).all()
    assert (late.loc[["escalations", "regular_talks"], "n"] >= 25).all()


def test_the_scorecard_table_has_both_with_the_planted_effect_in_their_own_sign(measured: Site) -> None:
    table = measured.table("kpi_scorecard").set_index("kpi")
    assert len(table) == 7
    effect, share = table.loc["escalations"], table.loc["regular_talks"]
    assert effect["effect"] == effect["actual"] == pytest.approx(PLANTED, abs=0.4)
    assert effect["ci_low"] < PLANTED < effect["ci_high"] < 0
    assert (effect["kind"], effect["target"], effect["evidence"]) == ("effect", -LESS_BY, "met")
    assert effect["p_manager"] < 0.01
    assert (share["kind"], share["target"], share["evidence"]) == ("threshold", SHARE_REACHED, "met")
    assert pd.isna(share["effect"]) and share["actual"] > 0.8


def test_the_verdict_rests_on_the_required_one_and_names_the_other(measured: Site) -> None:
    (row,) = measured.table("decision").to_dict("records")
    assert (row["decision"], row["label"]) == ("go", "confirmatory")
    reasons = row["reasons"].splitlines()
    assert any(
        re.fullmatch(r"Escalations to HR: -1\.\d\d cases per week .*; target -1\.00 cases .*", r) for r in reasons
    )
    assert any(r.startswith("Regular talks: ") and r.endswith("aimed at. No go depends on it.") for r in reasons)
    assert 0 < row["false_go_rate"] < 0.05 < row["power"] < 1


def test_the_page_shows_them_in_words_table_and_curves(measured: Site) -> None:
    page = measured.scorecard
    assert "<h2>KPIs against their targets</h2>" in page and "Five KPIs" not in page
    assert "cases per week, pilot minus control, less is better" in page
    assert "share of people with at least 2 talks per week" in page
    assert page.count("Escalations to HR: ") >= 3  # the curve, a remark, and what would turn the verdict
    assert "had every participant&#39;s figure been" in page and "too low" in page
    assert "Regular talks: 9" in page or "Regular talks: 8" in page or "Regular talks: 100" in page
    assert "escalations to HR does not move" in page


def test_a_metric_that_nobody_declared_is_set_aside_and_counted(measured: Site) -> None:
    row = measured.table("data_quality").set_index("feed").loc["measurements"]
    assert row["rows_quarantined"] == 1 and "No KPI under kpis.further is made of this metric" in row["reasons"]
    assert "1 row of measurements was set aside" in measured.scorecard


def test_the_lock_froze_them_and_an_edit_is_named(measured: Site) -> None:
    lock = json.loads((measured.root / "pilot.lock.json").read_text(encoding="utf-8"))
    assert lock["settings"]["kpis"]["further"]["escalations"]["target"] == LESS_BY
    path = measured.root / "pilot.yaml"
    text = path.read_text(encoding="utf-8")
    try:
        edited = text.replace("target: 1.0", "target: 0.5").replace("metric: one_on_ones", "metric: talks")
        path.write_text(edited, encoding="utf-8")
        status = command(measured.root, "status", "--now", MADE_ON)
    finally:
        path.write_text(text, encoding="utf-8")
    assert "kpis.further.escalations.target was locked at 1.0 and is now 0.5." in status.words
    assert 'kpis.further.regular_talks.metric was locked at "one_on_ones" and is now "talks".' in status.words
    assert "Newest row is of 2026-03-29. No value yet of talks." in status.words


def test_power_and_simulate_take_them_along(measured: Site) -> None:
    power = json.loads(command(measured.root, "power", "--json").out)
    effects = {row["kpi"]: row for row in power["kpis"]}
    assert effects["escalations"]["unit"] == "cases per week"  # its baseline gives the spread
    assert "The 90 % interval of 30 people reaches 0.16 share" in effects["regular_talks"]["sentence"]
    told = json.loads(command(measured.root, "simulate", "--json", "--pilots", "200", "--truth", "no_escalations").out)
    assert told["design"]["own"] and told["design"]["missing"]["escalations"] < 0.2
    assert told["false_go_rate"] <= 0.1
