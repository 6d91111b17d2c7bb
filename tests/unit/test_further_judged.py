"""A further KPI is judged, worded, drawn and doubted as the five are."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import pytest
from further_planted import ANCOVA, DIFFERENCE, MEAN, SHARE, further_config, measured_pilot, negated, result_of

from pilot_pipeline.charts import plots
from pilot_pipeline.charts.render import title_of
from pilot_pipeline.closeout.gate import Evidence, Verdict, decide
from pilot_pipeline.closeout.issues import top_issues
from pilot_pipeline.closeout.judging import _result
from pilot_pipeline.closeout.kpi_remarks import kpi_remarks
from pilot_pipeline.closeout.scorecard_tables import kpi_table
from pilot_pipeline.closeout.set_aside import set_aside_remarks
from pilot_pipeline.closeout.tipping import slack, tipping_points
from pilot_pipeline.config import PilotConfig
from pilot_pipeline.kpis.results import credible, reached, scorecard_frame
from pilot_pipeline.kpis.scoring import KpiInputs, score_kpis

LESS = {**ANCOVA, "label": "Complaints", "unit": "complaints", "direction": "less"}
REQUIRED = {**LESS, "required": True}
CEILING = {**MEAN, "direction": "less", "target": 3.0}


def verdict(inputs: KpiInputs, config: PilotConfig) -> Verdict:
    results = score_kpis(inputs, config, "confirmatory")
    return decide(Evidence(results, n_pairs=30, n_managers=10, controls=30), config.decision)


def test_a_required_effect_enters_every_step_and_an_optional_one_none():
    optional, required = further_config(LESS), further_config(REQUIRED)
    good, none, bad, gone = (
        negated(measured_pilot(1.5)),
        negated(measured_pilot(0)),
        negated(measured_pilot(-1.5)),
        replace(measured_pilot(), further=None),
    )
    assert [verdict(inputs, optional).decision for inputs in (good, none, bad, gone)] == ["go"] * 4
    assert verdict(good, required).decision == "go"
    assert verdict(none, required).decision == "reconfigure"
    harmed = verdict(bad, required)
    assert (harmed.decision, harmed.step) == ("no_go", 2)
    assert harmed.reasons[0].startswith("Complaints got worse: 1.")
    missing = verdict(gone, required)
    assert (missing.label, missing.step) == ("directional", 1)
    assert "Complaints is missing for 30 of 30 pairs (100.0 %; at most 20.0 % may be)." in missing.reasons


def test_a_further_threshold_keeps_nothing_from_a_go_and_is_named():
    inputs = measured_pilot(1.5)
    assert verdict(inputs, further_config({**MEAN, "target": 99.0})).decision == "go"
    assert verdict(replace(inputs, further=None), further_config(SHARE)).decision == "go"
    said = verdict(inputs, further_config(SHARE)).reasons[-1]
    assert said.startswith("Calls: ") and said.endswith("people, at least 60.0 % aimed at. No go depends on it.")
    below = verdict(inputs, further_config({**MEAN, "target": 99.0}))
    assert any(
        c.startswith("Calls is below its full target: 6.") and c.endswith("99.00 calls per week.")
        for c in below.conditions
    )
    fewer = verdict(negated(inputs), further_config({**CEILING, "target": -6.0}))
    assert "at most -6.00 calls per week aimed at" in fewer.reasons[-1]


def test_reasons_are_in_peoples_own_unit_and_sign():
    config = further_config(REQUIRED)
    inputs = negated(measured_pilot(1.5))
    effect = result_of(inputs, config).shown
    said = verdict(inputs, config).reasons[-1]
    ends = f"{effect.ci_low:.2f} complaints to {effect.ci_high:.2f} complaints"
    assert said.startswith(f"Complaints: {effect.effect:.2f} complaints (90 % interval {ends}), one-sided p")
    assert said.endswith("target -1.00 complaints.")
    shares = further_config({**DIFFERENCE, "unit": "share", "target": 0.5, "required": True})
    assert verdict(measured_pilot(1.5), shares).reasons[-1].endswith("target 50.0 %.")


def test_a_useless_effect_is_futile_in_words_that_fit_its_direction():
    config = further_config(REQUIRED, decision={"alpha": 0.001})
    inputs = negated(measured_pilot(0, behaviour=0, saved=0))
    said = verdict(inputs, config)
    assert said.decision == "no_go"
    (bound,) = [reason for reason in said.reasons if reason.startswith("Complaints is at least")]
    assert bound.endswith("(one-sided 90 % bound), short of its target of -1.00 complaints.")


def test_a_stored_result_comes_back_whole():
    for kpi in (REQUIRED, SHARE):
        result = result_of(measured_pilot(), further_config(kpi))
        assert _result(json.loads(json.dumps(asdict(result)))) == result


def test_the_page_table_and_plots_have_the_words_of_the_declaration():
    config = further_config(LESS)
    catalogue = config.kpis.catalogue
    frame = scorecard_frame(score_kpis(negated(measured_pilot(0.4)), config, "confirmatory"))
    table = kpi_table(frame, catalogue)
    assert table.caption == "The KPIs against the targets fixed before launch"
    row = table.rows[-1]
    assert (row[0].text, row[0].note) == ("Complaints", "complaints, pilot minus control, less is better")
    assert row[1].text == "−1.00" and row[4].text in ("short of target", "not proven", "out of reach")
    week = pd.DataFrame(
        {"week_no": [1, 1], "arm": ["pilot", "control"], "kpi": "calls", "value": [4.0, 5.0], "ci_low": [3.0, 4.0]}
    ).assign(ci_high=[5.0, 6.0], target=np.nan, on_track=None)
    curve = plots.weekly_curve(week, "calls", catalogue)
    assert title_of(curve) == "Complaints: 4.00 in week 1"
    assert "complaints" in str(curve.to_dict())
    drawn = str(plots.kpi_effects(frame, catalogue).to_dict())
    assert "Complaints" in drawn


def test_a_ceiling_is_drawn_as_if_more_were_better():
    frame = pd.DataFrame({"kpi": ["calls"], "actual": [2.0], "ci_low": [1.5], "ci_high": [4.0], "target": [3.0]})
    config = further_config(CEILING)
    layers = plots.kpi_effects(frame.assign(met=True), config.kpis.catalogue).to_dict()["layer"]
    data = next(layer["data"]["values"] for layer in layers if "name" in layer["data"]["values"][0])
    assert (data[0]["reach"], data[0]["low"], data[0]["high"]) == (1.5, 2.0, 0.75)
    none = plots.kpi_effects(frame.assign(met=True, target=-1.0), config.kpis.catalogue)
    assert "No KPI has been measured yet" in str(none.to_dict())


def test_an_issue_speaks_of_it_by_its_name():
    config = further_config({**CEILING, "label": "Complaints"})
    frame = scorecard_frame(score_kpis(measured_pilot(), config, "confirmatory"))
    checks, log = pd.DataFrame({"passed": []}), None
    quality = pd.DataFrame({"rows_quarantined": [], "rows_read": []})
    audit = pd.DataFrame({"verdict": [], "audit": [], "attribute": []})
    found = top_issues(checks, quality, audit, frame, log, min_group=5, catalogue=config.kpis.catalogue)
    assert found["title"].tolist() == ["Complaints does not reach its target"]
    assert "against a target of 3.00" in found["evidence"][0]


def test_what_missing_values_could_change_is_said():
    inputs = measured_pilot()
    lost = replace(inputs, further=inputs.further.iloc[6:])
    share = result_of(lost, further_config(SHARE))
    (bounds,) = [said for said in kpi_remarks([share]) if "whatever" in said]
    assert bounds == (
        f"Calls: between {100 * share.worst:.1f} % and {100 * share.best:.1f} %, whatever those without a value would "
        "have shown."
    )
    go = Verdict("go", "confirmatory", (), step=3)
    (told,) = tipping_points(go, [share], lost, further_config(SHARE))
    assert "had nobody without a value reached it." in told
    quality = pd.DataFrame({"feed": ["measurements"], "rows_quarantined": [2]})
    assert set_aside_remarks([share], quality, None) == (
        "Calls: 2 rows of measurements were set aside; what they said counts as missing.",
    )


@pytest.mark.parametrize("kpi", [LESS, {**LESS, "estimator": "difference"}, {**ANCOVA, "label": "Complaints"}])
def test_delta_star_is_where_a_further_effect_turns(kpi):
    config = further_config({**kpi, "required": True})
    inputs = measured_pilot() if "direction" not in kpi else negated(measured_pilot())
    sign = config.kpis.catalogue["calls"].sign
    room = slack(result_of(inputs, config), inputs, config)
    assert room is not None and room.least > 0
    pilots = inputs.members.loc[inputs.members["arm"] == "pilot", "employee_id"]
    for part, still in ((0.98, True), (1.02, False)):
        taken = sign * part * room.least * inputs.further["employee_id"].isin(pilots)
        less = replace(inputs, further=inputs.further.assign(during_value=inputs.further["during_value"] - taken))
        found = result_of(less, config)
        assert (credible(found, config.decision) and reached(found, config.decision)) is still
    go = Verdict("go", "confirmatory", (), step=3)
    told = tipping_points(go, [result_of(inputs, config)], inputs, config)[0]
    assert told.startswith("Complaints: had every participant's figure been ")
    assert ("too low" in told) == (sign < 0)


def test_missing_pairs_of_a_further_effect_turn_it_in_its_own_sign():
    config = further_config(REQUIRED)
    inputs = negated(measured_pilot())
    inputs = replace(inputs, further=inputs.further.iloc[4:])
    go = Verdict("go", "confirmatory", (), step=3)
    told = tipping_points(go, [result_of(inputs, config)], inputs, config)
    (turn,) = [sentence for sentence in told if "without a difference" in sentence]
    assert turn.startswith("Complaints: a go ")
