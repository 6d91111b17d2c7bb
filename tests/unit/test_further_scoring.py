"""Further KPIs are estimated as SciPy and statsmodels do it, whichever way is better, and err in alpha at most."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from further_planted import (
    ANCOVA,
    DIFFERENCE,
    MEAN,
    SHARE,
    further_config,
    measured_pilot,
    negated,
    result_of,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from pilot_pipeline.kpis.filling import Design
from pilot_pipeline.kpis.further import differences, score_further
from pilot_pipeline.kpis.intervals import wilson
from pilot_pipeline.kpis.pairs import by_pair, locked_pairs
from pilot_pipeline.kpis.results import PUBLISHED, KpiResult, credible, scorecard_frame
from pilot_pipeline.kpis.scoring import score_kpis
from pilot_pipeline.kpis.weekly import add_intervals

INPUTS = measured_pilot()


def pair_differences(column: str) -> np.ndarray:
    pilot, control = by_pair(locked_pairs(INPUTS.members), INPUTS.further, column)
    return pilot - control


def cluster_totals(values: np.ndarray) -> np.ndarray:
    return pd.Series(values).groupby(locked_pairs(INPUTS.members)["cluster"]).sum().to_numpy()


def test_ancova_is_the_intercept_of_statsmodels_with_its_clustered_error():
    end, start = pair_differences("during_value"), pair_differences("before_value")
    fit = sm.OLS(end, sm.add_constant(start)).fit(
        cov_type="cluster", cov_kwds={"groups": locked_pairs(INPUTS.members)["cluster"].to_numpy()}
    )
    result = result_of(INPUTS, further_config(ANCOVA))
    assert (result.effect, result.se) == pytest.approx((fit.params[0], fit.bse[0]), rel=1e-9)
    assert result.unadjusted == pytest.approx(np.mean(end - start))


def test_difference_is_tested_as_scipy_flips_the_signs_of_cluster_sums():
    change = pair_differences("during_value") - pair_differences("before_value")
    result = result_of(INPUTS, further_config(DIFFERENCE))
    theirs = stats.permutation_test(
        (cluster_totals(change),), np.sum, permutation_type="samples", alternative="greater", n_resamples=np.inf
    )
    assert result.effect == pytest.approx(change.mean())
    assert result.p_manager == pytest.approx(theirs.pvalue, abs=1e-12)
    assert result.sd_pair == pytest.approx(np.std(change, ddof=1))


def participants() -> np.ndarray:
    pilots = INPUTS.members.loc[INPUTS.members["arm"] == "pilot", "employee_id"]
    return INPUTS.further.set_index("employee_id").loc[pilots, "during_value"].to_numpy()


def test_a_mean_has_students_interval():
    result = result_of(INPUTS, further_config(MEAN))
    theirs = stats.ttest_1samp(participants(), 0).confidence_interval(0.9)
    assert result.actual == pytest.approx(participants().mean())
    assert (result.ci_low, result.ci_high) == pytest.approx((theirs.low, theirs.high))


def test_a_share_has_the_exact_interval_and_a_wilson_one_week_by_week():
    reached = int((participants() >= 6).sum())
    result = result_of(INPUTS, further_config(SHARE))
    assert (result.actual, result.n) == (reached / 30, 30)
    assert (result.ci_low, result.ci_high) == pytest.approx(proportion_confint(reached, 30, alpha=0.1, method="beta"))
    assert result.clustered_low <= result.ci_low and result.ci_high <= result.clustered_high
    sums = {"n": 30, "sx": reached, "sxx": reached, "sy": 30, "syy": 30, "sxy": reached}
    row = pd.DataFrame([{"week_no": 6, "week_start": "2026-02-09", "arm": "pilot", "kpi": "calls", **sums}])
    week = add_intervals(row, further_config(SHARE)).iloc[0]
    assert (week.ci_low, week.ci_high) == wilson(reached, 30)
    assert (week.target, week.on_track) == (0.6, reached / 30 >= 0.6)


def test_the_pilot_passes_by_its_target_and_without_values_says_so():
    assert result_of(INPUTS, further_config(ANCOVA)).evidence == "met"
    assert result_of(INPUTS, further_config({**ANCOVA, "target": 9.0})).evidence == "not_met"
    bare = result_of(replace(INPUTS, further=None), further_config({**ANCOVA, "required": True}))
    assert (bare.evidence, bare.missing) == ("not_measured", 1.0)
    assert bare.notes == ("Fewer than 5 pairs have values of calls before the pilot and from week 5 on.",)


def test_missing_is_missing_and_never_zero():
    pilots = INPUTS.members.loc[INPUTS.members["arm"] == "pilot", "employee_id"].iloc[:6]
    lost = INPUTS.further["employee_id"].isin(pilots)
    gone = replace(INPUTS, further=INPUTS.further[~lost])
    blank = replace(INPUTS, further=INPUTS.further.assign(during_value=INPUTS.further["during_value"].mask(lost)))
    for kpi in (ANCOVA, DIFFERENCE, MEAN, SHARE):
        assert result_of(gone, further_config(kpi)) == result_of(blank, further_config(kpi))
    assert result_of(gone, further_config(ANCOVA)).missing == pytest.approx(6 / 30)
    mean = result_of(gone, further_config(MEAN))
    assert (mean.n, mean.notes) == (24, ("Participants without a value: 6.",))
    share = result_of(gone, further_config(SHARE))
    assert share.worst == pytest.approx(share.actual * 24 / 30)
    assert share.best == pytest.approx(share.worst + 6 / 30)


def test_a_change_needs_both_values_of_both_people():
    first = INPUTS.members["employee_id"].iloc[0]
    without = INPUTS.further["before_value"].mask(INPUTS.further["employee_id"] == first)
    frame = INPUTS.further.assign(before_value=without)
    for kpi in (ANCOVA, DIFFERENCE):
        told = further_config(kpi).kpis.catalogue["calls"]
        assert differences(locked_pairs(INPUTS.members), frame, told).complete.sum() == 29


def turned(result: KpiResult) -> dict[str, object]:
    """Return a result as it is judged, without its words."""
    return {field.name: getattr(result, field.name) for field in fields(result) if field.name != "declared"}


@settings(max_examples=40, deadline=None)
@given(
    kpi=st.sampled_from([ANCOVA, DIFFERENCE, MEAN, SHARE]),
    effect=st.floats(-2, 2),
    seed=st.integers(0, 999),
    lost=st.integers(0, 5),
)
def test_less_on_negated_values_is_more(kpi, effect, seed, lost):
    inputs = measured_pilot(effect, seed)
    inputs = replace(inputs, further=inputs.further.iloc[lost:])
    opposite = {**kpi, "direction": "less", "target": kpi["target"] * (-1 if kpi["estimator"] == "mean" else 1)}
    if "reached" in kpi:
        opposite["reached"] = -kpi["reached"]
    more, less = result_of(inputs, further_config(kpi)), result_of(negated(inputs), further_config(opposite))
    assert turned(more) == turned(less)
    if kpi["estimator"] != "share":
        shown = less.shown
        assert (shown.actual, shown.target) == (-more.actual, -more.target)
        assert (shown.ci_low, shown.ci_high) == (-more.ci_high, -more.ci_low)


def test_the_scorecard_has_peoples_own_sign_and_pilot_minus_control():
    inputs, config = negated(INPUTS), further_config({**ANCOVA, "direction": "less"})
    row = scorecard_frame(score_kpis(inputs, config, "confirmatory")).set_index("kpi").loc["calls"]
    raw = result_of(INPUTS, further_config(ANCOVA))
    assert (row.effect, row.actual, row.target) == (-raw.effect, -raw.effect, -1.0)
    assert row.ci_low < row.effect < row.ci_high < 0
    assert row.met and row.p_manager == raw.p_manager
    assert list(row.index) == [name for name in PUBLISHED if name != "kpi"]


def test_a_week_of_a_further_effect_is_the_arms_own_level_without_a_target():
    values = np.array([4.0, 5, 6, 5, 7])
    sums = {"n": 5, "sx": values.sum(), "sxx": values @ values, "sy": 5, "syy": 5, "sxy": values.sum()}
    row = pd.DataFrame([{"week_no": 6, "week_start": "2026-02-09", "arm": "pilot", "kpi": "calls", **sums}])
    week = add_intervals(row, further_config(ANCOVA)).iloc[0]
    theirs = stats.ttest_1samp(values, 0).confidence_interval(0.9)
    assert week.value == 5.4 and (week.ci_low, week.ci_high) == pytest.approx((theirs.low, theirs.high))
    assert week[["target", "on_track"]].isna().all()
    ceiling = further_config({**MEAN, "direction": "less", "target": 5.5})
    assert add_intervals(row, ceiling).iloc[0].on_track
    assert not add_intervals(row, further_config({**MEAN, "target": 5.5})).iloc[0].on_track


def test_a_level_in_per_cent_of_which_less_is_better_is_no_share_of_people():
    config = further_config({**MEAN, "unit": "share", "direction": "less", "target": 7.0})
    result = result_of(INPUTS, config)
    assert (result.evidence, result.shown.actual) == ("met", pytest.approx(participants().mean()))
    assert result_of(INPUTS, further_config({**MEAN, "unit": "share", "target": 7.0})).evidence == "not_met"


def test_interim_effects_carry_the_interval_of_repeated_looks():
    config = further_config({**ANCOVA, "direction": "less"})
    inputs = replace(negated(INPUTS), through_week=6)
    interim = next(r for r in score_kpis(inputs, config, "interim") if r.kpi == "calls")
    final = result_of(inputs, config)
    assert interim.ci_high - interim.ci_low > final.ci_high - final.ci_low
    early = next(r for r in score_kpis(replace(inputs, through_week=3), config, "interim") if r.kpi == "calls")
    assert (early.ci_low, early.ci_high) == (None, None)


@pytest.mark.parametrize("kpi", [ANCOVA, DIFFERENCE])
def test_a_useless_tool_moves_a_further_effect_credibly_in_no_more_than_alpha_of_pilots(kpi):
    """Managers whose people react alike, as simulated for the rule; 500 pilots, within 3 Monte Carlo errors."""
    config = further_config({**kpi, "direction": "less"})
    told, alpha, pilots = config.kpis.catalogue["calls"], config.decision.alpha, 500
    members = measured_pilot(0, clusters=8).members
    pilot = (members["arm"] == "pilot").to_numpy()
    design = Design(locked_pairs(members), members[pilot], config, "confirmatory", 12)
    rng = np.random.default_rng(20260105)
    credibly = 0
    for _ in range(pilots):
        before = rng.normal(5, 1, 60)
        reaction = rng.normal(0, 0.3, 9)[members["cluster"]] * pilot
        during = 2 + 0.6 * before + rng.normal(0, 1, 60) + reaction
        values = {"employee_id": members["employee_id"], "before_value": before, "during_value": during}
        credibly += credible(score_further(pd.DataFrame({"kpi": "calls", **values}), design, told), config.decision)
    assert credibly / pilots <= alpha + 3 * np.sqrt(alpha * (1 - alpha) / pilots)
