"""Claims about what stands beside a KPI's headline figure."""

from __future__ import annotations

from pilot_pipeline.closeout.kpi_remarks import kpi_remarks
from pilot_pipeline.kpis.results import KpiResult


def test_adoption_says_its_counts_its_clustered_interval_and_what_lasted():
    result = KpiResult("adoption", "threshold", 0.7, actual=25 / 30, n=30, active=25, needed=23, sustained=0.78)
    with_clusters = KpiResult("adoption", "threshold", 0.7, actual=0.8, clustered_low=0.61, clustered_high=0.94)
    assert kpi_remarks([result])[0] == ("Adoption: 25 of 30 people were active in the deadline week; a go needs 23.")
    assert "78\u00a0% a week after" in kpi_remarks([result])[1]
    assert "61\u00a0% to 94\u00a0% (Korn–Graubard)" in kpi_remarks([with_clusters])[0]


def test_behaviour_shows_the_unadjusted_change_and_the_same_observers_beside_it():
    result = KpiResult(
        "behaviour_change", "effect", 0.3, actual=0.41, unadjusted=0.38, same_observer_effect=-0.02, missing=0.1
    )
    text = " ".join(kpi_remarks([result]))
    assert "+0.38 points without adjustment" in text
    assert "−0.02 points where the same manager" in text
    assert "10\u00a0% of the locked pairs" in text


def test_prep_time_is_also_said_in_minutes():
    result = KpiResult("prep_time_reduction", "effect", 0.15, actual=0.2, unit_effect=7.25)
    assert "minutes saved per report and week" in kpi_remarks([result])[0]


def test_pulse_shows_who_answered_and_its_bounds():
    result = KpiResult("pulse", "threshold", 3.5, actual=3.6, response=((4, 0.9), (8, 0.8)), worst=3.1, best=3.9)
    assert kpi_remarks([result]) == (
        "Pulse: answered by 90\u00a0% in week 4, 80\u00a0% in week 8.",
        "Pulse: between 3.10 and 3.90, had those who were silent answered at their worst or best.",
    )


def test_a_kpi_without_a_figure_only_says_why():
    result = KpiResult("pulse", "threshold", 3.5, evidence="not_measured", missing=1.0, notes=("No feed is mapped.",))
    assert kpi_remarks([result]) == ("Pulse: no feed is mapped.",)
