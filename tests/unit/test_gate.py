"""Every branch of the decision gate, claim by claim; it is total, and better evidence never gives a worse verdict."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kpis_planted import planted_config, planted_pilot

from pilot_pipeline.closeout.gate import Evidence, Verdict, decide, label_of
from pilot_pipeline.cohort.power import adoption_line
from pilot_pipeline.config.measuring import DecisionSection
from pilot_pipeline.kpis.results import KpiResult
from pilot_pipeline.kpis.scoring import score_kpis

RULE = DecisionSection.model_validate({})
RANK = {"no_go": 0, "reconfigure": 1, "go": 2}


def adoption(active: int, n: int = 30, target: float = 0.7, sustained: float | None = 0.8) -> KpiResult:
    needed = adoption_line(n, target)
    return KpiResult(
        "adoption", "threshold", target, active / n, n=n, active=active, needed=needed, sustained=sustained
    )  # fmt: skip


def effect(kpi: str = "behaviour_change", target: float = 0.3, **numbers: float | bool | None) -> KpiResult:
    good = {"effect": 0.4, "p_manager": 0.01, "p_harm": 0.99, "upper90": 0.6, "missing": 0.1, "required": True}
    merged = good | numbers
    return KpiResult(
        kpi, "effect", target, actual=merged["effect"], n_pairs=30, n_managers=10, ci_low=0.1, ci_high=0.7, **merged
    )


def completion(share: float | None = 0.8) -> KpiResult:
    return KpiResult("module_completion", "threshold", 0.6, share, n=30)


def pulse(mean: float = 4.0, lowest: float = 0.9) -> KpiResult:
    return KpiResult("pulse", "threshold", 3.5, mean, n=28, response=((4, 0.95), (8, lowest), (12, 0.93)))


BEHAVIOUR, PREP = effect(), effect("prep_time_reduction", 0.15, effect=0.2, upper90=0.3)
GOOD = (adoption(26), completion(), BEHAVIOUR, PREP, pulse())
EVIDENCE = Evidence(GOOD, n_pairs=30, n_managers=10, controls=30)


def judged(*kpis: KpiResult, rule: DecisionSection = RULE, **more: object) -> Verdict:
    """Judge good evidence with some KPIs replaced by name, and other fields by keyword."""
    by_name = {kpi.kpi: kpi for kpi in (*GOOD, *kpis)}
    return decide(replace(EVIDENCE, kpis=tuple(by_name.values()), **more), rule)


def test_everything_reached_is_a_go_with_its_counts():
    verdict = judged()
    assert (verdict.decision, verdict.label, verdict.step, verdict.conditions) == ("go", "confirmatory", 3, ())
    assert verdict.reasons[0] == "Adoption: 23 of 30 active needed, 26 seen."
    assert len(verdict.reasons) == 5
    assert "one-sided p = 0.0100, 0.05 needed, over 10 groups of managers" in verdict.reasons[2]


def test_a_pilot_that_still_runs_has_no_verdict_whatever_it_shows():
    verdict = judged(effect(p_harm=0.0001), finished=False)
    assert (verdict.decision, verdict.label, verdict.step) == ("reconfigure", "interim", 0)
    assert label_of(replace(EVIDENCE, finished=False)) == "interim"


@pytest.mark.parametrize(
    ("broken", "sentence"),
    [
        ({"lock": "absent"}, "Not pre-registered"),
        ({"lock": "broken"}, "The lock is broken"),
        (
            {"stale_checkpoints": ("sso_matrix", "pathways")},
            "2 of 4 checkpoints are not current: sso_matrix, pathways.",
        ),
        ({"worst_smd": -0.31, "worst_covariate": "tenure_years"}, "differ by 0.31 standard deviations on tenure_years"),
        ({"worst_smd": 0.26}, "differ by 0.26 standard deviations; at most 0.25 may remain"),
        ({"worst_smd": float("nan")}, "Balance is unknown"),
        ({"worst_smd": None}, "Balance is unknown: no covariate could be compared"),
        (
            {"worst_smd": float("inf"), "worst_covariate": "tenure_years"},
            "that the lock names, tenure_years, could",
        ),
        ({"controls_exposed": 2}, "2 of 30 controls used the tool (6.7 %; at most 5.0 % may)."),
        ({"n_pairs": 29}, "30 matched pairs needed, 29 seen"),
        ({"n_managers": 7}, "8 independent groups of managers needed, 7 seen"),
        ({"n_pairs": 0}, "There is no matched pair"),
    ],
)
def test_invalid_evidence_is_a_directional_repeat_and_nothing_else_is_consulted(broken, sentence):
    verdict = judged(effect(p_harm=0.0001), bias="open", **broken)
    assert (verdict.decision, verdict.label, verdict.step) == ("reconfigure", "directional", 1)
    assert sentence in verdict.reasons[0]
    assert verdict.reasons[-1].startswith("Repeat the measurement")
    assert len(verdict.reasons) == 2


def test_missing_outcomes_of_a_required_effect_invalidate_and_are_counted_in_pairs():
    verdict = judged(effect(missing=7 / 30))
    assert verdict.step == 1
    assert verdict.reasons[0] == "Behaviour change is missing for 7 of 30 pairs (23.3 %; at most 20.0 % may be)."
    assert judged(effect(missing=6 / 30)).decision == "go"
    assert judged(effect(missing=None)).step == 1


def test_missing_outcomes_of_an_optional_effect_do_not():
    assert judged(effect(missing=1.0, required=False)).decision == "go"


def test_exactly_at_the_limits_the_evidence_is_valid():
    assert judged(worst_smd=0.25, n_managers=8).decision == "go"
    assert judged(controls=40, controls_exposed=2).decision == "go"


def test_a_smaller_design_counts_once_it_was_accepted_before_the_lock():
    accepted = DecisionSection.model_validate({"accept_smaller_design": True})
    assert judged(n_pairs=20, n_managers=5, rule=accepted).decision == "go"
    assert judged(n_pairs=0, rule=accepted).step == 1


def test_an_attested_lock_is_confirmatory():
    assert judged(lock="attested").label == "confirmatory"


def test_a_deviation_costs_the_label_and_with_it_the_go():
    verdict = judged(deviations=("kpis.pulse.target was lowered after the lock.",))
    assert (verdict.decision, verdict.label, verdict.step) == ("reconfigure", "directional", 5)
    assert verdict.reasons == ("1 deviation from the lock: kpis.pulse.target was lowered after the lock.",)


def test_credible_harm_is_final_and_no_fix_waives_it():
    verdict = judged(effect(effect=-0.4, p_manager=0.99, p_harm=0.004), bias="open_with_fix", bias_fix="retrain")
    assert (verdict.decision, verdict.step) == ("no_go", 2)
    assert "no fix waives harm" in verdict.reasons[0]
    assert "-0.40 points" in verdict.reasons[0]


def test_harm_is_held_to_holm_over_the_required_effects():
    assert judged(effect(p_harm=0.03)).step != 2
    assert judged(effect(p_harm=0.025)).step == 2
    assert judged(effect(p_harm=0.03), replace(PREP, required=False)).step == 2
    assert judged(effect(p_harm=0.001, required=False)).decision == "go"


def test_bias_with_a_named_fix_is_reconfigured_and_without_one_stopped():
    findings = ("Recommendations differ by gender (family p = 0.002).",)
    fixable = judged(bias="open_with_fix", bias_findings=findings, bias_fix="Remove gender from the prompt.")
    assert (fixable.decision, fixable.step) == ("reconfigure", 2)
    assert fixable.reasons == (*findings, "1 fix is named; apply it and audit again: Remove gender from the prompt.")
    final = judged(bias="open", bias_findings=findings)
    assert (final.decision, final.step, final.reasons[0]) == ("no_go", 2, findings[0])
    assert judged(bias="open").reasons[0] == "1 bias finding is open."
    assert "see the issue log" in judged(bias="open_with_fix").reasons[1]


def test_a_go_without_a_live_audit_carries_the_audit_as_a_condition():
    verdict = judged(bias="not_audited")
    assert verdict.decision == "go"
    assert "not audited for bias" in verdict.conditions[0]


@pytest.mark.parametrize(("n", "line"), [(30, 23), (50, 37)])
def test_the_go_line_of_adoption_is_the_published_count(n, line):
    assert judged(adoption(line, n)).decision == "go"
    below = judged(adoption(line - 1, n))
    assert (below.decision, below.step) == ("reconfigure", 5)
    assert f"{line} of {n} active needed, {line - 1} seen" in below.reasons[0]


def test_low_adoption_alone_is_never_a_no_go():
    assert judged(adoption(0)).decision == "reconfigure"


def test_an_effect_needs_credibility_and_four_fifths_of_its_target():
    assert judged(effect(effect=0.24)).decision == "go"
    small = judged(effect(effect=0.239))
    assert (small.decision, small.step) == ("reconfigure", 5)
    assert "0.24 points needed (0.8 of its target)" in small.reasons[0]
    assert judged(effect(p_manager=0.05)).decision == "go"
    chance = judged(effect(p_manager=0.051))
    assert chance.reasons[0].startswith("Behaviour change is not credible: 0.40 points")


def test_a_go_lists_what_is_below_its_full_target():
    verdict = judged(effect(effect=0.25))
    assert verdict.decision == "go"
    assert verdict.conditions == ("Behaviour change is below its full target: 0.25 points of 0.30 points.",)


def test_a_go_whose_use_wore_off_is_tied_to_a_condition():
    assert judged(adoption(26, sustained=0.6)).conditions == ()
    assert judged(adoption(26, sustained=None)).conditions == ()
    fading = judged(adoption(26, sustained=0.55))
    assert fading.decision == "go"
    assert "averaged 55.0 % after its deadline week, below 60.0 %" in fading.conditions[0]


@pytest.mark.parametrize(
    ("kpi", "sentence"),
    [
        (completion(0.59), "Module completion: 60.0 % needed, 59.0 % seen among 30 people"),
        (completion(None), "Module completion was not measured; no go without it."),
        (pulse(3.4), "Pulse: 3.50 points needed, 3.40 points seen among 28 people"),
        (pulse(4.8, lowest=0.5), "Pulse was answered by 50.0 % in week 8, 60.0 % needed"),
    ],
)
def test_a_threshold_that_is_not_carried_bars_the_go_and_is_named(kpi, sentence):
    verdict = judged(kpi)
    assert (verdict.decision, verdict.step) == ("reconfigure", 5)
    assert len(verdict.reasons) == 1
    assert sentence in verdict.reasons[0]


def test_an_unmeasured_optional_effect_bars_nothing_and_an_unmeasured_adoption_does():
    off = replace(effect(required=False), actual=None, effect=None, notes=("No manager observations were read.",))
    assert judged(off).decision == "go"
    assert "Adoption was not judged" in decide(replace(EVIDENCE, kpis=GOOD[1:]), RULE).reasons[0]


def test_no_credible_effect_and_one_shown_to_miss_its_target_is_a_no_go():
    chance = effect(effect=0.02, p_manager=0.4, upper90=0.2)
    open_end = replace(PREP, effect=0.05, actual=0.05, p_manager=0.2, upper90=0.18)
    verdict = judged(chance, open_end)
    assert (verdict.decision, verdict.label, verdict.step) == ("no_go", "confirmatory", 4)
    assert verdict.reasons[-1] == (
        "Behaviour change is at most 0.20 points (one-sided 90 % bound), below its target of 0.30 points."
    )
    assert len(verdict.reasons) == 3


def test_one_credible_effect_or_an_open_end_keeps_it_from_being_a_no_go():
    futile = effect(effect=0.02, p_manager=0.4, upper90=0.2)
    assert judged(futile).decision == "reconfigure"
    unclear = (effect(p_manager=0.2), replace(PREP, p_manager=0.2))
    assert judged(*unclear).decision == "reconfigure"


def test_with_four_groups_the_verdict_says_that_nothing_could_have_been_credible():
    accepted = DecisionSection.model_validate({"accept_smaller_design": True})
    verdict = judged(replace(effect(p_manager=0.0625), n_managers=4), n_managers=4, rule=accepted)
    assert "With 4 groups no p can fall below 0.0625." in verdict.reasons[0]


@pytest.mark.parametrize(
    ("truth", "decision", "step"),
    [
        ({}, "go", 3),
        ({"behaviour": 0.0, "saved": 0.0}, "no_go", 4),
        ({"adoption": 0.5}, "reconfigure", 5),
        ({"saved": 0.0}, "reconfigure", 5),
        ({"behaviour": -0.6}, "no_go", 2),
    ],
)
def test_planted_truth_in_verdict_out(truth, decision, step):
    config = planted_config()
    kpis = score_kpis(planted_pilot(**truth), config, "confirmatory")
    verdict = decide(Evidence(kpis, n_pairs=30, n_managers=10, controls=30), config.decision)
    assert (verdict.decision, verdict.step) == (decision, step)


SHARES = st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.05, 0.2, 0.6, 0.7, 1.0]))
EFFECTS = st.builds(
    effect,
    kpi=st.sampled_from(["behaviour_change", "prep_time_reduction"]),
    effect=st.floats(-1, 1),
    p_manager=SHARES,
    p_harm=SHARES,
    upper90=st.floats(-1, 1.5),
    missing=st.one_of(st.none(), SHARES),
    required=st.booleans(),
)
KPIS = st.tuples(
    st.builds(adoption, st.integers(0, 30), sustained=st.one_of(st.none(), SHARES)),
    st.builds(completion, st.one_of(st.none(), SHARES)),
    EFFECTS,
    EFFECTS,
    st.builds(pulse, st.floats(1, 5), SHARES),
)
EVIDENCES = st.builds(
    Evidence,
    kpis=st.one_of(KPIS, KPIS.map(lambda kpis: kpis[:2]), st.just(())),
    n_pairs=st.integers(0, 50),
    n_managers=st.integers(0, 12),
    lock=st.sampled_from(["absent", "broken", "attested", "witnessed"]),
    deviations=st.sampled_from([(), ("An edit.",)]),
    stale_checkpoints=st.sampled_from([(), ("hris_feed",)]),
    worst_smd=st.one_of(st.none(), st.floats(allow_nan=True)),
    controls_exposed=st.integers(0, 30),
    controls=st.sampled_from([0, 30]),
    bias=st.sampled_from(["none", "open_with_fix", "open", "not_audited"]),
    finished=st.booleans(),
)
RULES = st.builds(
    lambda small, alpha: DecisionSection.model_validate({"accept_smaller_design": small, "alpha": alpha}),
    st.booleans(),
    st.sampled_from([0.01, 0.05, 0.1]),
)


@given(EVIDENCES, RULES)
def test_every_input_has_exactly_one_verdict_with_reasons(evidence, rule):
    verdict = decide(evidence, rule)
    assert verdict.decision in RANK
    assert verdict.reasons
    assert all(reason and reason.endswith(".") for reason in verdict.reasons)
    assert verdict == decide(evidence, rule)
    if verdict.decision == "go":
        assert verdict.label == "confirmatory"
        assert evidence.finished
    else:
        assert verdict.conditions == ()


@given(KPIS, st.data(), RULES)
def test_better_evidence_never_gives_a_worse_verdict_once_it_is_valid(kpis, data, rule):
    valid = tuple(replace(kpi, missing=0.1) if kpi.kind == "effect" else kpi for kpi in kpis)
    better = tuple(_improved(kpi, data) for kpi in valid)
    worse_verdict, better_verdict = (decide(replace(EVIDENCE, kpis=k), rule) for k in (valid, better))
    assert RANK[better_verdict.decision] >= RANK[worse_verdict.decision]


def _improved(kpi: KpiResult, data: st.DataObject) -> KpiResult:
    more = data.draw(st.floats(0, 1))
    if kpi.kind == "effect":
        return replace(
            kpi,
            actual=kpi.effect + more,
            effect=kpi.effect + more,
            upper90=kpi.upper90 + more,
            p_manager=kpi.p_manager * (1 - more),
            p_harm=kpi.p_harm + (1 - kpi.p_harm) * more,
        )
    if kpi.kpi == "adoption":
        return adoption(min(30, kpi.active + round(30 * more)), sustained=kpi.sustained)
    if kpi.kpi == "pulse":
        return replace(
            kpi, actual=min(5.0, kpi.actual + more), response=tuple((w, r + (1 - r) * more) for w, r in kpi.response)
        )
    return completion(more if kpi.actual is None else min(1.0, kpi.actual + more))
