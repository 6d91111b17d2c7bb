"""A KPI is data: configuration, scoring, measurability and words all know the same ones, in the same order."""

from __future__ import annotations

from kpis_planted import planted_config, planted_pilot

from pilot_pipeline.charts.labels import is_share, kpi_order
from pilot_pipeline.config.kpi_catalogue import KPI_CATALOGUE
from pilot_pipeline.config.models import KpisSection
from pilot_pipeline.feeds.canon import CANON
from pilot_pipeline.kpis.scoring import score_kpis
from pilot_pipeline.readiness.measurability import REPLACEMENTS, measurability

KPIS = list(KPI_CATALOGUE)


def test_each_kpi_of_the_configuration_is_in_the_catalogue_and_scored_in_its_order():
    assert list(KpisSection.model_fields) == [*KPIS, "further"]
    assert KPIS == kpi_order(sorted(KPIS)) == list(REPLACEMENTS) == list(KpisSection().catalogue)
    results = score_kpis(planted_pilot(), planted_config(), "confirmatory")
    assert [result.kpi for result in results] == KPIS
    assert all(result.measured for result in results)


def test_kind_unit_and_feeds_are_what_scoring_and_measurability_go_by():
    config = planted_config()
    for result in score_kpis(planted_pilot(), config, "confirmatory"):
        told = KPI_CATALOGUE[result.kpi]
        assert result.kind == told.kind
        assert result.target == getattr(config.kpis, result.kpi).target
        assert (result.effect is not None) == (told.kind == "effect") == (result.missing is not None)
        assert is_share(result.kpi) == (told.unit == "share")
    table = measurability(config, {feed: 1 for kpi in KPI_CATALOGUE.values() for feed in kpi.feeds}).set_index("kpi")
    assert table["measurable"].all()
    for kpi in KPI_CATALOGUE.values():
        assert set(kpi.feeds) <= set(CANON)
        without = {feed: 1 for other in KPI_CATALOGUE.values() for feed in other.feeds if feed not in kpi.feeds}
        assert not measurability(config, without).set_index("kpi").loc[kpi.name, "measurable"]


def test_a_kpi_that_needs_a_baseline_is_not_measurable_without_one():
    empty = {feed: 0 for kpi in KPI_CATALOGUE.values() for feed in kpi.feeds}
    table = measurability(planted_config(), empty).set_index("kpi")["measurable"]
    assert {kpi for kpi in KPIS if not table[kpi]} == {kpi for kpi in KPIS if KPI_CATALOGUE[kpi].baseline}
